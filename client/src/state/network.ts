import { reactive } from "vue";

/** Whether the API can be reached, as far as the last request and the phone know. */
export const network = reactive({ online: true });

export function watchNetwork(): void {
  // #ifdef H5
  // uni asks `navigator.connection` where there is one, which tells computers nothing.
  const heard = (): void => {
    network.online = navigator.onLine;
  };
  window.addEventListener("online", heard);
  window.addEventListener("offline", heard);
  heard();
  // #endif
  // #ifndef H5
  uni.onNetworkStatusChange((status) => {
    network.online = status.isConnected;
  });
  uni.getNetworkType({
    success: (type) => {
      network.online = type.networkType !== "none";
    },
  });
  // #endif
}
