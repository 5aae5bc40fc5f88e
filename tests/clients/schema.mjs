// Reads the schema of a running gateway as graphql-js sees it and compares it with the printed one.
// node schema.mjs URL FILE; what is wrong goes to stderr, a summary to stdout.
import { readFileSync } from "node:fs";
import {
  buildClientSchema, buildSchema, getIntrospectionQuery, isEnumType, isInputObjectType, isInterfaceType, isIntrospectionType,
  isObjectType, lexicographicSortSchema, printSchema, specifiedDirectives, validateSchema,
} from "graphql";

const [url, file] = process.argv.slice(2);
const query = getIntrospectionQuery({
  descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true,
});
const response = await fetch(url, {
  method: "POST",
  headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json" },
  body: JSON.stringify({ query, operationName: "IntrospectionQuery" }),
});
const { data, errors } = await response.json();
const problems = [];
if (response.status !== 200 || errors) {
  throw new Error(`introspection answered ${response.status}: ${JSON.stringify(errors)}`);
}

const served = buildClientSchema(data);
const printed = buildSchema(readFileSync(file, "utf8"));
for (const [name, schema] of Object.entries({ served, printed })) {
  problems.push(...validateSchema(schema).map((e) => `the ${name} schema is invalid: ${e.message}`));
}
const [a, b] = [served, printed].map((schema) => printSchema(lexicographicSortSchema(schema)).split("\n"));
const at = a.findIndex((line, i) => line !== b[i]);
if (at >= 0 || a.length !== b.length) {
  const i = at < 0 ? a.length : at;
  problems.push(`the schemas differ at line ${i + 1}:\nserved  ${a.slice(i, i + 3).join("\n        ")}\nprinted ${b.slice(i, i + 3).join("\n        ")}`);
}

// Every definition that a client can meet says what it is for.
let described = 0;
function describe(coordinate, definition) {
  if (definition.description?.trim()) described++;
  else problems.push(`${coordinate} has no description`);
}
for (const type of Object.values(served.getTypeMap())) {
  if (isIntrospectionType(type)) continue;
  describe(type.name, type);
  if (isEnumType(type)) for (const value of type.getValues()) describe(`${type.name}.${value.name}`, value);
  if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) continue;
  for (const field of Object.values(type.getFields())) {
    describe(`${type.name}.${field.name}`, field);
    for (const arg of field.args ?? []) describe(`${type.name}.${field.name}(${arg.name}:)`, arg);
  }
}
for (const directive of served.getDirectives()) {
  describe(`@${directive.name}`, directive);
  if (specifiedDirectives.some((d) => d.name === directive.name)) continue;
  for (const arg of directive.args) describe(`@${directive.name}(${arg.name}:)`, arg);
}

if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log(`${Object.keys(served.getTypeMap()).length} types, ${described} descriptions, ${a.length} lines of SDL`);
