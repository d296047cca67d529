/** What this phone keeps between two visits. Values are JSON; a broken one counts as none. */
export interface Storage {
  read<T>(key: string): T | null;
  write(key: string, value: unknown): void;
  remove(key: string): void;
}

export const phoneStorage: Storage = {
  read<T>(key: string): T | null {
    try {
      const text: unknown = uni.getStorageSync(`vc.${key}`);
      return typeof text === "string" && text !== "" ? (JSON.parse(text) as T) : null;
    } catch {
      return null;
    }
  },
  write(key, value) {
    uni.setStorageSync(`vc.${key}`, JSON.stringify(value));
  },
  remove(key) {
    uni.removeStorageSync(`vc.${key}`);
  },
};
