/** What the platforms' own typings say that they have. */

import { fileURLToPath } from "node:url";
import ts from "typescript";
import type { Platform } from "./mini-program";

const NAMES = {
  "mp-weixin": ["wx", "miniprogram-api-typings"],
  "mp-alipay": ["my", "@mini-types/alipay"],
} as const;

const known = new Map<Platform, Map<string, string[]>>();

/** Return the names of `wx` or `my`, each with the options that a call of it must have. */
export function calls(platform: Platform): Map<string, string[]> {
  const found = known.get(platform) ?? read(platform);
  known.set(platform, found);
  return found;
}

function read(platform: Platform): Map<string, string[]> {
  const [name, types] = NAMES[platform];
  const path = fileURLToPath(new URL("name.ts", import.meta.url));
  const options: ts.CompilerOptions = { types: [types], noLib: true };
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (file, version) => (file === path ? ts.createSourceFile(file, name, version) : getSourceFile(file, version));
  const program = ts.createProgram([path], options, host);
  const checker = program.getTypeChecker();
  const use = program.getSourceFile(path)!.statements[0]!;
  const platformType = checker.getTypeAtLocation((use as ts.ExpressionStatement).expression);
  const required = (call: ts.Symbol): string[] => {
    const [first] = checker.getTypeOfSymbolAtLocation(call, use).getCallSignatures()[0]?.parameters ?? [];
    if (!first) return [];
    const type = checker.getTypeOfSymbolAtLocation(first, use);
    const own = (checker.getBaseConstraintOfType(type) ?? type).getProperties();
    return own.filter(({ flags }) => !(flags & ts.SymbolFlags.Optional)).map((option) => option.name);
  };
  return new Map(platformType.getProperties().map((call) => [call.name, required(call)]));
}
