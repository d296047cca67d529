import { reactive } from "vue";

/** Whether the API can be reached, as far as the last request and the phone know. */
export const network = reactive({ online: true });

export function watchNetwork(): void {
  uni.onNetworkStatusChange((status) => {
    network.online = status.isConnected;
  });
  uni.getNetworkType({
    success: (type) => {
      network.online = type.networkType !== "none";
    },
  });
}
