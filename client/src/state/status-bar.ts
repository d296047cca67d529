import { reactive } from "vue";

/** Whether what fills the screen over the page is dark; null if nothing does. WeChat's status bar lies over both. */
export const statusBar = reactive<{ over: boolean | null }>({ over: null });
