// The store and the network, as Relay's guide sets them up.
import { Environment, Network, RecordSource, Store, type GraphQLResponse } from "relay-runtime";

export function createEnvironment(endpoint: string, key: string): Environment {
  return new Environment({
    store: new Store(new RecordSource()),
    network: Network.create(async ({ text }, variables) => {
      const response = await fetch(endpoint, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json", Authorization: `Bearer ${key}` },
        body: JSON.stringify({ query: text, variables }),
      });
      return (await response.json()) as GraphQLResponse;
    }),
  });
}
