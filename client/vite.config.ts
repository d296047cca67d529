import uniModule from "@dcloudio/vite-plugin-uni";
import type { Plugin } from "vite";
import { defineConfig } from "vite";

import { withoutStars } from "./wxss";

// The plugin is CommonJS: its function is the module's `default`.
const uni = (uniModule as unknown as { default?: typeof uniModule }).default ?? uniModule;

/** Nothing is loaded from a third party: uni's styles name a picture on its maker's server. */
function ownAddressesOnly(): Plugin {
  return {
    name: "own-addresses-only",
    enforce: "post",
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === "asset" && /\.(css|acss|wxss)$/.test(file.fileName)) {
          file.source = String(file.source).replace(/url\((["']?)https?:\/\/[^)]*\)/g, "none");
        }
      }
    },
  };
}

function readByWeChat(): Plugin {
  return {
    name: "read-by-wechat",
    enforce: "post",
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === "asset" && file.fileName.endsWith(".wxss")) file.source = withoutStars(String(file.source));
      }
    },
  };
}

/**
 * WeChat draws an element around each component unless it is told not to. A browser has none: what stands in a flex
 * box, or next to something, are the component's own parts.
 */
function noHosts(): Plugin {
  const made = "createComponent(Component)";
  return {
    name: "no-hosts",
    transform(code, id) {
      if (process.env.UNI_PLATFORM !== "mp-weixin" || !id.startsWith("uniComponent://")) return;
      if (!code.includes(made)) throw new Error(`uni makes components otherwise: ${code}`);
      return code.replace(made, "createComponent({ ...Component, options: { virtualHost: true } })");
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [uni(), noHosts(), ownAddressesOnly(), readByWeChat()],
  resolve: { alias: { "@": new URL("src", import.meta.url).pathname } },
  // Modules with dynamic imports: Chrome 64, Safari 12.
  build: { target: ["chrome64", "safari12"] },
});
