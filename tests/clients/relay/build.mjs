// Makes JavaScript of src, and an artifact of each graphql`…` in it, by Babel with Relay's plugin.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { transformFileSync } from "@babel/core";

for (const name of readdirSync("src", { recursive: true }).filter((name) => name.endsWith(".ts"))) {
  const { code } = transformFileSync(`src/${name}`, {
    presets: ["@babel/preset-typescript"],
    plugins: ["relay", "@babel/plugin-transform-modules-commonjs"],
  });
  mkdirSync(dirname(`out/${name}`), { recursive: true });
  writeFileSync(`out/${dirname(name)}/${basename(name, ".ts")}.js`, code);
}
