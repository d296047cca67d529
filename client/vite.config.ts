import uniModule from "@dcloudio/vite-plugin-uni";
import type { Plugin } from "vite";
import { defineConfig } from "vite";

import { ariaRoles, forWeChat, headings } from "./mini-programs";
import brand from "./src/brand.json";

/** The module that uni makes of src/manifest.json. */
const MANIFEST = /manifest[.-]json/;

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

/** The region's name for the client, from brand.json: until a page shows, and where the platforms' tools list projects. */
function branded(): Plugin {
  const { name, languages } = brand;
  const first = name[languages[0] as keyof typeof name];
  return {
    name: "branded",
    enforce: "pre",
    transform(code, id) {
      return MANIFEST.test(id) ? JSON.stringify({ ...(JSON.parse(code) as object), name: first }) : null;
    },
    // After uni, which empties a title that it finds.
    transformIndexHtml: { order: "post", handler: () => [{ tag: "title", children: first, injectTo: "head" }] },
  };
}

/**
 * All that home needs in one file, which `index.html` names: two dozen files that name one another take a browser
 * seconds on a slow line (e2e/first-view.e2e.ts). Other pages need most of it, too.
 */
function homeAtOnce(): Plugin {
  const home = new Set<string>();
  return {
    name: "home-at-once",
    apply: () => process.env.UNI_PLATFORM === "h5",
    config: () => ({
      build: {
        rollupOptions: {
          output: {
            manualChunks(id, { getModuleInfo, getModuleIds }) {
              const add = (one: string): void => {
                if (home.has(one)) return;
                home.add(one);
                getModuleInfo(one)?.importedIds.forEach(add);
              };
              if (home.size === 0) [...getModuleIds()].filter((one) => /pages\/home\/home\.vue/.test(one)).forEach(add);
              return home.has(id) ? "home" : undefined;
            },
          },
        },
      },
    }),
    // Its styles after those of all pages, which they amend, as if they came later.
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle }) {
        if (bundle === undefined) return html;
        const styles = /\s*<link rel="stylesheet"[^>]*\/home-[^>]*>/.exec(html)?.[0];
        if (styles === undefined) throw new Error("index.html names no style sheet of home");
        return html.replace(styles, "").replace(/\s*<\/head>/, `${styles}$&`);
      },
    },
  };
}

const isWeChat = process.env.UNI_PLATFORM === "mp-weixin";
const roles = { h5: [], "mp-weixin": [headings, ariaRoles], "mp-alipay": [headings] }[process.env.UNI_PLATFORM ?? "h5"];
const template = { compilerOptions: { nodeTransforms: roles as never[] } };

export default defineConfig({
  base: "./",
  plugins: [branded(), uni({ vueOptions: { template } }), ownAddressesOnly(), homeAtOnce(), isWeChat && forWeChat()],
  resolve: { alias: { "@": new URL("src", import.meta.url).pathname } },
  // Modules with dynamic imports: Chrome 64, Safari 12.
  build: { target: ["chrome64", "safari12"] },
});
