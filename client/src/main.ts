import { createSSRApp } from "vue";

import App from "./App.vue";
// #ifdef H5
import VcComing from "@/components/VcComing.vue";
import VcUnloaded from "@/components/VcUnloaded.vue";
// #endif

export function createApp() {
  const app = createSSRApp(App);
  // #ifdef H5
  // While a page's script loads, and if it does not.
  app.component("AsyncLoading", VcComing);
  app.component("AsyncError", VcUnloaded);
  // #endif
  return { app };
}
