/** What this phone keeps between two visits. Values are JSON; a broken one counts as none. */
export interface Storage {
  read<T>(key: string): T | null;
  write(key: string, value: unknown): void;
  remove(key: string): void;
}

/** A storage whose keys can be listed, for what is kept one by one. */
export interface ListedStorage extends Storage {
  /** Return the keys that begin with `prefix`, in no order. */
  keys(prefix: string): string[];
}

export const phoneStorage: ListedStorage = {
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
    try {
      uni.removeStorageSync(`vc.${key}`);
    } catch {
      // A browser that keeps nothing has nothing to remove.
    }
  },
  keys(prefix) {
    let keys: string[] = [];
    try {
      keys = uni.getStorageInfoSync().keys;
    } catch {
      // A browser that keeps nothing has no keys, and the client must start in it all the same.
    }
    return keys.filter((key) => key.startsWith(`vc.${prefix}`)).map((key) => key.slice(3));
  },
};
