// What the hooks of react-relay do with a fragment, without React: read it from the store, load more of its connection,
// and fetch it again.
import {
  createOperationDescriptor, fetchQuery, getFragment, getPaginationMetadata, getPaginationVariables, getRefetchMetadata,
  getRequest, getSelector, getValueAtPath, type Direction, type Environment, type GraphQLTaggedNode, type OperationType,
  type SingularReaderSelector, type Variables,
} from "relay-runtime";

export interface Connection {
  edges: { node: { id: string } & Record<string, unknown> }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
}

/** Fetches a query and keeps what it brings in the store; returns what the components below it get. */
export async function load<Operation extends OperationType>(
  environment: Environment, query: GraphQLTaggedNode, variables: Operation["variables"],
): Promise<Operation["response"]> {
  environment.retain(createOperationDescriptor(getRequest(query), variables));
  return (await fetchQuery<Operation>(environment, query, variables, { fetchPolicy: "network-only" }).toPromise())!;
}

/** A fragment with a connection, where some object has it. */
export class Pages {
  private readonly pagination;
  private selector: SingularReaderSelector;

  constructor(private readonly environment: Environment, private readonly fragment: GraphQLTaggedNode, ref: unknown) {
    this.pagination = getPaginationMetadata(getFragment(fragment), "Pages");
    this.selector = getSelector(getFragment(fragment), ref) as SingularReaderSelector;
  }

  private get data() {
    return this.environment.lookup(this.selector).data as unknown as Record<string, unknown>;
  }

  get connection(): Connection {
    return getValueAtPath(this.data, this.pagination.connectionPathInFragmentData) as Connection;
  }

  get hasNext(): boolean {
    return this.connection.pageInfo.hasNextPage;
  }

  get hasPrevious(): boolean {
    return this.connection.pageInfo.hasPreviousPage;
  }

  loadNext(count: number): Promise<unknown> {
    return this.more("forward", count, this.connection.pageInfo.endCursor);
  }

  loadPrevious(count: number): Promise<unknown> {
    return this.more("backward", count, this.connection.pageInfo.startCursor);
  }

  /** Fetches the fragment again, with other arguments; only what the store gets for them is read from then on. */
  async refetch(variables: Variables): Promise<void> {
    const { refetchableRequest } = getRefetchMetadata(getFragment(this.fragment), "Pages");
    const data = (await load(this.environment, refetchableRequest, this.of(variables))) as { node?: unknown };
    this.selector = getSelector(getFragment(this.fragment), data.node ?? data) as SingularReaderSelector;
  }

  private more(direction: Direction, count: number, cursor: string | null): Promise<unknown> {
    const { owner, variables } = this.selector;
    const { paginationMetadata, paginationRequest } = this.pagination;
    const next = getPaginationVariables(direction, count, cursor, { ...owner.variables, ...variables }, {}, paginationMetadata);
    return fetchQuery(this.environment, paginationRequest, this.of(next)).toPromise();
  }

  /** Adds the id by which the fragment's object is found, if that is not the root. */
  private of(variables: Variables): Variables {
    const { identifierInfo } = getRefetchMetadata(getFragment(this.fragment), "Pages");
    if (!identifierInfo) return variables;
    return { ...variables, [identifierInfo.identifierQueryVariableName ?? "id"]: this.data[identifierInfo.identifierField] };
  }
}
