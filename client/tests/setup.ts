export {};

// What uni-app gives a browser, as far as modules without a page use it.
const kept = new Map<string, unknown>();

Object.assign(globalThis, {
  uni: {
    getStorageSync: (key: string) => kept.get(key) ?? "",
    setStorageSync: (key: string, value: unknown) => void kept.set(key, value),
    removeStorageSync: (key: string) => void kept.delete(key),
    getStorageInfoSync: () => ({ keys: [...kept.keys()] }),
    getSystemInfoSync: () => ({ language: "zh-Hans" }),
  },
});
// Node has a navigator of its own from 21 on, which cannot be assigned.
Object.defineProperty(globalThis, "navigator", { value: { language: "zh-CN" }, configurable: true });
Object.defineProperty(globalThis, "location", { value: { origin: "http://127.0.0.1", pathname: "/app/" }, configurable: true });
// The texts that tests name, whatever languages the region offers.
(await import("@/state/settings")).settings.language = "zh-Hans";
