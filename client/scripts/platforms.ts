/**
 * The types of the sources, checked as each platform's build sees them.
 *
 * A source is read as uni's conditional compilation leaves it for the platform; it keeps its lines. `uni` has only the
 * names that work there: those that uni's runtime for the platform makes itself, and those that the platform has by its
 * own typings (`wx`, `my`), under the name that the runtime calls them by. A mini-program has nothing of a browser's.
 */

import { proxyCreateProgram } from "@volar/typescript";
import { createParsedCommandLine, createVueLanguagePlugin } from "@vue/language-core";
import { initPreContext, preHtml, preJs } from "@dcloudio/uni-cli-shared";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import ts from "typescript";

export const PLATFORMS = ["h5", "mp-weixin", "mp-alipay"] as const;
export type Platform = (typeof PLATFORMS)[number];

const require = createRequire(import.meta.url);
const CLIENT = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = `${CLIENT}src/`;
/** Where uni's typings declare every platform's names at once. */
const DECLARED = `${CLIENT}node_modules/@dcloudio/types/uni-app/uni/legacy/uni.d.ts`;
const WITH_EVERY_NAME = "declare const uni: UniNamespace.Uni;";

/** Return the faults in what the platform's build is made from, each as `file(line,column): message`; or those in one text. */
export function faults(platform: Platform, text?: string): string[] {
  initPreContext(platform);
  const read = createParsedCommandLine(ts, ts.sys, `${CLIENT}tsconfig.json`);
  const options: ts.CompilerOptions = { ...read.options, allowNonTsExtensions: true };
  const host = ts.createCompilerHost(options);
  const alone = `${SOURCES}text.ts`;
  host.readFile = (path) => {
    const found = path === alone ? text : ts.sys.readFile(path);
    return found === undefined ? undefined : asSeen(path, found, platform);
  };
  host.getSourceFile = (path, version) => {
    const found = host.readFile(path);
    return found === undefined ? undefined : ts.createSourceFile(path, found, version);
  };
  const roots = text === undefined ? [`${SOURCES}main.ts`, ...pages()] : [alone];
  const createProgram = proxyCreateProgram(ts, ts.createProgram, () => [
    createVueLanguagePlugin<string>(ts, options, read.vueOptions, (id) => id),
  ]);
  const program = createProgram({ rootNames: [`${SOURCES}env.d.ts`, ...roots], options, host });
  return ts.getPreEmitDiagnostics(program).map(said);
}

function pages(): string[] {
  const { pages } = JSON.parse(readFileSync(`${SOURCES}pages.json`, "utf-8")) as { pages: { path: string }[] };
  return pages.map(({ path }) => `${SOURCES}${path}.vue`);
}

/** Return the text of a file as it is on the platform. */
function asSeen(path: string, text: string, platform: Platform): string {
  if (path === DECLARED) {
    if (!text.includes(WITH_EVERY_NAME)) throw new Error(`uni's typings declare it otherwise: ${path}`);
    return text.replace(WITH_EVERY_NAME, narrowed(platform));
  }
  // Vue's own types need those of a browser; only what is there to be called goes.
  if (platform !== "h5" && path.endsWith("/lib.dom.d.ts")) return text.replace(/^declare (var|function) /gm, "$&browser_");
  if (!path.startsWith(SOURCES)) return text;
  if (path.endsWith(".vue")) return preJs(preHtml(text, path), path);
  return path.endsWith(".ts") ? preJs(text, path) : text;
}

function said({ file, start, messageText }: ts.Diagnostic): string {
  const message = ts.flattenDiagnosticMessageText(messageText, "\n");
  if (!file) return message;
  const { line, character } = file.getLineAndCharacterOfPosition(start!);
  return `${relative(CLIENT, file.fileName)}(${line + 1},${character + 1}): ${message}`;
}

/** Return the declaration of `uni` with the names that work on the platform. */
function narrowed(platform: Platform): string {
  const [type, names] = {
    h5: () => ["UniInBrowsers", union(inBrowsers())],
    "mp-weixin": () => ["UniInWeChat", inMiniPrograms("mp-weixin", "keyof WechatMiniprogram.Wx")],
    "mp-alipay": () => ["UniInAlipay", inMiniPrograms("mp-alipay", "keyof typeof my")],
  }[platform]();
  return `interface ${type} extends Pick<UniNamespace.Uni, Extract<keyof UniNamespace.Uni, ${names}>> {} declare const uni: ${type};`;
}

function union(names: string[]): string {
  return names.map((name) => `"${name}"`).join(" | ");
}

/** Return the exports of uni's runtime for browsers, without those that only say that they are not supported. */
function inBrowsers(): string[] {
  const path = require.resolve("@dcloudio/uni-h5/dist/uni-h5.es.js");
  const file = ts.createSourceFile(path, readFileSync(path, "utf-8"), ts.ScriptTarget.ES2020);
  const exported: string[] = [];
  const unsupported = new Set<string>();
  for (const statement of file.statements) {
    if (ts.isVariableStatement(statement)) {
      for (const { name, initializer } of statement.declarationList.declarations) {
        if (initializer?.getText(file).includes("createUnsupported")) unsupported.add(name.getText(file));
      }
    } else if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)) {
      exported.push(...statement.exportClause.elements.map(({ name }) => name.text));
    }
  }
  return exported.filter((name) => !unsupported.has(name));
}

/**
 * Return, as a type, the names that uni's runtime for a mini-program makes itself, and those that it hands to the
 * platform under a name that is in `there`. The runtime is run to read them, on a platform that has what it starts with.
 */
function inMiniPrograms(platform: Platform, there: string): string {
  const path = require.resolve(`@dcloudio/uni-${platform}/dist/uni.api.esm.js`);
  const module = ts.transpile(readFileSync(path, "utf-8"), { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2020 });
  const start = { canIUse: () => true, getSystemInfoSync: () => ({}) };
  const { shims, baseApis, protocols } = vm.runInNewContext(`${module}; ({ shims, baseApis, protocols })`, {
    require, exports: {}, process, wx: start, my: start,
  }) as Record<"shims" | "baseApis" | "protocols", Record<string, unknown>>;
  // `returnValue` is no call: it is done with the answer of each.
  const handed = Object.entries(protocols).filter(([name]) => name !== "returnValue");
  const called = handed.map(([name, protocol]) => {
    const { name: target = name } = (typeof protocol === "function" ? protocol({}) : protocol) ?? {};
    return `("${target}" extends ${there} ? "${name}" : never)`;
  });
  const asTheyAre = `Exclude<${there}, ${union(handed.map(([name]) => name))}>`;
  return [union([...Object.keys(shims), ...Object.keys(baseApis)]), asTheyAre, ...called].join(" | ");
}
