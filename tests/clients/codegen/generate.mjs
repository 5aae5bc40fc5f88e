// Runs graphql-codegen's client preset over ../schema.graphql and the documents of this folder, as its command line does.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { codegen } from "@graphql-codegen/core";
import { preset } from "@graphql-codegen/client-preset";
import { buildSchema, parse } from "graphql";

const schemaAst = buildSchema(readFileSync("schema.graphql", "utf8"));
const documents = readdirSync("src").filter((name) => name.endsWith(".graphql")).map((name) => {
  const rawSDL = readFileSync(`src/${name}`, "utf8");
  return { location: `src/${name}`, rawSDL, document: parse(rawSDL) };
});
const outputs = await preset.buildGeneratesSection({
  baseOutputDir: "src/gql/",
  schema: parse(readFileSync("schema.graphql", "utf8")),
  schemaAst,
  documents,
  plugins: [],
  pluginMap: {},
  pluginContext: {},
  presetConfig: { fragmentMasking: false },
  config: {
    enumsAsTypes: true,
    strictScalars: true,
    useTypeImports: true,
    emitLegacyCommonJSImports: false,
    scalars: { BigInt: "string", Bytes: "string", Date: "string", DateTime: "string", Decimal: "string", JSON: "unknown" },
  },
});
for (const output of outputs) {
  mkdirSync(dirname(output.filename), { recursive: true });
  writeFileSync(output.filename, await codegen(output));
}
