// A second implementation of the reference app's reads, in plain JavaScript over rows in memory, executed by graphql-js.
// It was written from the contract (DESIGN and docs), not from the engine, and shares no code with it.
//
// Protocol: one JSON value per line. {load: {sdl, tables}} once, then {query, variables, viewer} for each operation; each
// is answered by one line.
import { createInterface } from 'node:readline';
import { isDeepStrictEqual } from 'node:util';
import { buildSchema, execute, parse, validate, GraphQLError } from 'graphql';
import { attachGroups, edgeGroups, groups } from './groups.mjs';
import { found, parseSearch, plain, rankOf, searchable } from './search.mjs';

let schema;
let tables;

// ---------- the entities

export const column = (name) => name.replace(/[A-Z]/g, (c) => '_' + c.toLowerCase());
const upper = (s) => s.toUpperCase();
const newest = [['createdAt', 'DESC']];

export const entities = {
  User: { table: 'users', many: 'users', order: newest, keys: ['username', 'email'], json: ['roles'] },
  Post: { table: 'posts', many: 'posts', order: newest, keys: ['slug'], enums: ['status'], refs: { authorId: 'User', acceptedCommentId: 'Comment' } },
  Comment: { table: 'comments', many: 'comments', order: newest, keys: [], enums: ['kind'], refs: { postId: 'Post', parentId: 'Comment', authorId: 'User' } },
  Tag: { table: 'tags', many: 'tags', order: [], keys: ['name'] },
  Vote: { table: 'votes', many: 'votes', order: [['createdOn', 'DESC']], keys: [], enums: ['type'], refs: { postId: 'Post', commentId: 'Comment', userId: 'User' } },
  PostLink: { table: 'post_links', many: 'postLinks', order: newest, keys: [], enums: ['kind'], refs: { postId: 'Post', relatedPostId: 'Post' } },
  Grid: { table: 'grids', many: 'grids', order: newest, keys: ['slug'], json: ['cells'], refs: { userId: 'User' } },
};

export const toOne = {
  Post: { author: ['User', 'author_id'], acceptedComment: ['Comment', 'accepted_comment_id'] },
  Comment: { post: ['Post', 'post_id'], author: ['User', 'author_id'], parent: ['Comment', 'parent_id'] },
  Vote: { post: ['Post', 'post_id'], comment: ['Comment', 'comment_id'], user: ['User', 'user_id'] },
  PostLink: { post: ['Post', 'post_id'], related: ['Post', 'related_post_id'] },
  Grid: { user: ['User', 'user_id'] },
};

const toMany = {
  User: { posts: ['Post', 'author_id'], comments: ['Comment', 'author_id'], votes: ['Vote', 'user_id'], grids: ['Grid', 'user_id'] },
  Post: { comments: ['Comment', 'post_id'], votes: ['Vote', 'post_id'], links: ['PostLink', 'post_id'], linkedFrom: ['PostLink', 'related_post_id'] },
  Comment: { replies: ['Comment', 'parent_id'], votes: ['Vote', 'comment_id'] },
};

const tagged = (post) => new Set(tables.post_tags.filter((p) => p.post_id === post).map((p) => p.tag_id));

const staff = (v) => v.roles.includes('moderator') || v.roles.includes('admin');
const readable = {
  Comment: (v, row) => {
    const post = tables.posts.find((p) => p.id === row.post_id);
    return readable.Post(v, post) || (v.user !== '' && row.author_id === Number(v.user));
  },
  Post: (v, row) => ['published', 'closed', 'wiki'].includes(row.status) || staff(v) || (v.user !== '' && row.author_id === Number(v.user)),
  Grid: (v, row) => row.deleted_at === null && (v.roles.includes('admin') || String(row.user_id) === v.user),
};
// What those may read who know the key by which they look a row up.
const known = { Grid: { slug: (row) => row.deleted_at === null } };
const mayRead = (v, type, row) => (readable[type] ? readable[type](v, row) : true);
// Who may read a field, of the rows that they may read.
const admin = (v) => v.roles.includes('admin');
const fieldRules = {
  User: { email: (v, row) => admin(v) || String(row.id) === v.user },
  Vote: { userId: (v, row) => admin(v) || (row.user_id !== null && String(row.user_id) === v.user) },
};
const mayReadField = (v, type, name, row) => fieldRules[type]?.[name]?.(v, row) ?? true;
// Nothing may depend on a field that the viewer may not read everywhere.
export const use = (v, type, name) => { if (fieldRules[type]?.[name] && !admin(v)) fail('FORBIDDEN', type + '.' + name); };
// A foreign key that the viewer may not read leads nowhere, from both sides.
const mayFollow = (v, holder, fk, row) => mayReadField(v, holder, fk.replace(/_(.)/g, (_, c) => c.toUpperCase()), row);

const rowsOf = (v, type) => tables[entities[type].table].filter((row) => mayRead(v, type, row));

// ---------- values

const fail = (code, message) => { throw new GraphQLError(message, { extensions: { code } }); };
export const bad = (message) => fail('BAD_USER_INPUT', message);

const toId = (type, key) => Buffer.from(`${type}:${key}`).toString('base64');
function fromId(type, id) {
  const raw = Buffer.from(id, 'base64').toString('utf8');
  const m = /^([A-Za-z]+):(-?\d+)$/.exec(raw);
  if (!m || Buffer.from(raw).toString('base64') !== id || String(Number(m[2])) !== m[2]) bad('not an id');
  if (type && m[1] !== type) bad('not an id of a ' + type);
  return { type: m[1], key: Number(m[2]) };
}

export function fieldValue(v, type, name, row) {
  const e = entities[type];
  if (!mayReadField(v, type, name, row)) return null;
  if (name === 'id') return toId(type, row.id);
  const value = row[column(name)];
  if (value === null || value === undefined) return null;
  if (e.refs?.[name]) return toId(e.refs[name], value);
  if (e.enums?.includes(name)) return upper(value);
  if (name === 'createdOn') return value.slice(0, 10);
  return value;
}

// Text is compared by code point, which is the order of its UTF-8 bytes.
export function compare(a, b) {
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

// ---------- order and cursors

// "CREATED_AT" -> "createdAt"
const camel = (s) => s.toLowerCase().replace(/_([a-z])/g, (_, c) => c.toUpperCase());

// An order is a list of steps {name, desc, first, nullable, of}; of(v, row) is the value.
function orderOf(v, type, arg, terms) {
  let steps = entities[type].order.map(([field, direction]) => ownStep(type, field, direction === 'DESC', false));
  if (terms) steps.unshift(rankStep(type, terms, false));
  if (arg && arg.length > 0) {
    if (arg.length > 10) bad('too many steps');
    steps = arg.map((s) => stepOf(v, type, s, 0, terms));
  }
  const out = [];
  for (const s of steps) {
    if (out.some((o) => o.name === s.name)) continue;
    out.push(s);
    if (s.name === 'id') break;
  }
  if (!out.some((o) => o.name === 'id')) out.push(ownStep(type, 'id', out.length > 0 && out[out.length - 1].desc, false));
  return out;
}

const ownStep = (type, field, desc, first) => ({ name: field, desc, first, nullable: nullable(type, field), of: (row) => row[column(field)], day: field === 'createdOn' });

const rankStep = (type, terms, desc) => ({ name: 'RANK' + plain(terms), desc, first: false, nullable: false, of: (row) => 0 - rankOf(type, terms, row) });

function stepOf(v, type, s, depth, terms) {
  for (const key of ['field', 'direction', 'nulls']) if (s[key] === null) bad(key + ' is null');
  const edges = Object.keys(s).filter((k) => isEdge(type, k));
  if (edges.length > 0 && Object.keys(s).length > 1) bad('one relation and nothing else');
  if (edges.length === 0) {
    if (!s.field) bad('no field');
    if (s.field === 'RANK' && searchable[type]) {
      if (depth > 0 || !terms) bad('no search');
      return rankStep(type, terms, s.direction === 'DESC');
    }
    use(v, type, camel(s.field));
    return ownStep(type, camel(s.field), s.direction === 'DESC', s.nulls === 'FIRST');
  }
  const edge = edges[0];
  if (s[edge] === null) bad('null');
  if (!toOne[type]?.[edge]) {
    if (!s[edge].count) bad('no direction');
    return { name: edge + '#', desc: s[edge].count === 'DESC', first: false, nullable: false, of: (row) => related(v, type, edge, row)[1].length };
  }
  if (depth >= 3) bad('too many edges');
  const target = toOne[type][edge][0];
  const inner = stepOf(v, target, s[edge], depth + 1);
  return {
    ...inner,
    name: edge + '.' + inner.name,
    nullable: !inner.name.endsWith('#'),
    of: (row) => {
      const [found] = related(v, type, edge, row)[1];
      if (found) return inner.of(found);
      return inner.name.endsWith('#') ? 0 : null;
    },
  };
}

const nullable = (type, field) => !String(schema.getType(type).getFields()[field].type).endsWith('!');

const keyed = (order, row) => ({ row, values: order.map((s) => s.of(row)) });

function compareKeyed(order, a, b) {
  for (let i = 0; i < order.length; i++) {
    const s = order[i], x = a.values[i], y = b.values[i];
    if (x === null && y === null) continue;
    if (x === null || y === null) return (x === null) === s.first ? -1 : 1;
    const c = compare(x, y);
    if (c !== 0) return s.desc ? -c : c;
  }
  return 0;
}

const scope = (type, order) => [type, ...order.map((s) => s.name + (s.desc ? '-' : '') + (s.first && s.nullable ? '^' : ''))].join(' ');

function fnv1a(bytes) {
  let h = 0x811c9dc5;
  for (const b of bytes) h = Math.imul(h ^ b, 0x01000193) >>> 0;
  return h.toString(16).padStart(8, '0');
}

let seen = []; // [scope, cursor] of this operation, for the test to go on from

function cursorOf(type, order, keyedRow) {
  const values = order.map((s, i) => {
    const v = keyedRow.values[i];
    return JSON.stringify(s.day && v !== null ? v.slice(0, 10) : v);
  }).join(',');
  const sum = fnv1a(Buffer.from(scope(type, order) + '\0' + values));
  const cursor = Buffer.from(`["1","${sum}",${values}]`).toString('base64url');
  if (seen.length < 20) seen.push([scope(type, order), cursor]);
  return cursor;
}

function parseCursor(type, order, cursor) {
  let parts, raw;
  try {
    raw = Buffer.from(cursor, 'base64url').toString('utf8');
    if (Buffer.from(raw).toString('base64url') !== cursor) bad('cursor');
    parts = JSON.parse(raw);
  } catch { bad('cursor'); }
  if (!Array.isArray(parts) || parts[0] !== '1' || parts.length !== order.length + 2) bad('cursor');
  const values = raw.slice('["1","'.length + 10, -1);
  if (fnv1a(Buffer.from(scope(type, order) + '\0' + values)) !== parts[1]) bad('cursor');
  return { values: order.map((s, i) => (s.day && parts[i + 2] !== null ? parts[i + 2] + 'T00:00:00.000000Z' : parts[i + 2])) };
}

// ---------- filters

export const related = (v, type, name, row) => {
  if (toOne[type]?.[name]) {
    const [target, fk] = toOne[type][name];
    return [target, rowsOf(v, target).filter((r) => row[fk] !== null && r.id === row[fk] && mayFollow(v, type, fk, row))];
  }
  if (toMany[type]?.[name]) {
    const [target, fk] = toMany[type][name];
    return [target, rowsOf(v, target).filter((r) => r[fk] === row.id && mayFollow(v, target, fk, r))];
  }
  const target = type === 'Post' ? 'Tag' : 'Post';
  return [target, rowsOf(v, target).filter((r) => tables.post_tags.some((p) => (type === 'Post' ? p.post_id === row.id && p.tag_id === r.id : p.tag_id === row.id && p.post_id === r.id)))];
};
export const isEdge = (type, name) => toOne[type]?.[name] || toMany[type]?.[name] || (type === 'Post' && name === 'tags') || (type === 'Tag' && name === 'posts');

export function matches(v, type, where, row) {
  return Object.entries(where).every(([name, cond]) => {
    if (name === 'and') return cond.every((c) => matches(v, type, c, row));
    if (name === 'or') return cond.some((c) => matches(v, type, c, row));
    if (name === 'not') return !matches(v, type, cond, row);
    if (isEdge(type, name)) {
      const [target, rows] = related(v, type, name, row);
      if (toOne[type]?.[name]) return 'isNull' in cond ? (rows.length === 0) === cond.isNull : rows.some((r) => matches(v, target, cond, r));
      return Object.entries(cond).every(([kind, c]) => {
        if (kind === 'some') return rows.some((r) => matches(v, target, c, r));
        if (kind === 'none') return !rows.some((r) => matches(v, target, c, r));
        if (kind === 'every') return rows.every((r) => matches(v, target, c, r));
        return Object.entries(c).every(([op, want]) => passes(op, rows.length, want));
      });
    }
    const value = fieldValue(v, type, name, row);
    if (entities[type].json?.includes(name)) return matchesJSON(value, cond);
    return Object.entries(cond).every(([op, want]) => passes(op, value, want));
  });
}

// JSON's null is no value, and a value of another kind than an operator is about does not match it.
function matchesJSON(document, { path = [], ...cond }) {
  const value = path.reduce((v, step) => {
    if (Array.isArray(v)) return /^-?\d+$/.test(step) ? v.at(Number(step)) : undefined;
    return v !== null && typeof v === 'object' && Object.hasOwn(v, step) ? v[step] : undefined;
  }, document) ?? null;
  const plain = (v) => JSON.parse(JSON.stringify(v)); // objects of literals have no prototype
  const equal = (a, b) => isDeepStrictEqual(plain(a), plain(b));
  return Object.entries(cond).every(([op, want]) => {
    switch (op) {
      case 'isNull': return (value === null) === want;
      case 'eq': return equal(value, want);
      case 'ne': return !equal(value, want);
      case 'in': return want.some((w) => equal(value, w));
      case 'notIn': return !want.some((w) => equal(value, w));
      case 'has': return Array.isArray(value) && value.some((item) => equal(item, want));
      case 'hasKey': return value !== null && typeof value === 'object' && !Array.isArray(value) && Object.hasOwn(value, want);
      case 'length': return Array.isArray(value) && Object.entries(want).every(([o, n]) => passes(o, value.length, n));
      case 'lt': case 'lte': case 'gt': case 'gte': return typeof value === typeof want && ['string', 'number'].includes(typeof value) && passes(op, value, want);
      default: return typeof value === 'string' && passes(op, value, want);
    }
  });
}

function checkJSON(cond) {
  for (const key of ['path', 'length']) if (cond[key] === null) bad('null');
  if (cond.length) checkOperators(cond.length);
  for (const [op, want] of Object.entries(cond)) {
    if (want === null) bad('null');
    if (['lt', 'lte', 'gt', 'gte'].includes(op) && !['string', 'number'].includes(typeof want)) bad(op);
  }
}

export function passes(op, value, want) {
  if (op === 'isNull') return (value === null) === want;
  if (op === 'ne') return value === null || !same(value, want);
  if (op === 'notIn') return value === null || !want.some((w) => same(value, w));
  if (value === null) return false;
  const fold = (s) => s.toLowerCase();
  switch (op) {
    case 'eq': return same(value, want);
    case 'in': return want.some((w) => same(value, w));
    case 'lt': return compare(comparable(value), comparable(want)) < 0;
    case 'lte': return compare(comparable(value), comparable(want)) <= 0;
    case 'gt': return compare(comparable(value), comparable(want)) > 0;
    case 'gte': return compare(comparable(value), comparable(want)) >= 0;
    case 'contains': return value.includes(want);
    case 'startsWith': return value.startsWith(want);
    case 'endsWith': return value.endsWith(want);
    case 'eqFold': return fold(value) === fold(want);
    case 'containsFold': return fold(value).includes(fold(want));
    case 'startsWithFold': return fold(value).startsWith(fold(want));
    case 'endsWithFold': return fold(value).endsWith(fold(want));
  }
  throw new Error(op);
}

const time = /^\d{4}-\d\d-\d\dT/;
const same = (v, want) => (typeof want === 'string' && time.test(want) ? Date.parse(v) === Date.parse(want) && v.slice(0, 26) === micros(want) : v === want);
export const comparable = (v) => (typeof v === 'string' && time.test(v) ? micros(v) : v);
// RFC 3339 with any number of digits, cut to microseconds.
const micros = (s) => { const [, a, f] = /^([^.Z]*)(?:\.(\d+))?Z$/.exec(s); return a + '.' + ((f ?? '') + '000000').slice(0, 6); };

export function checkWhere(v, type, where, depth = 1) {
  if (depth > 5) bad('too deep');
  if (where === null) bad('null');
  const fields = schema.getType(type + 'Where').getFields();
  // In the order of the schema, so that the first error is the same one.
  for (const name of Object.keys(fields)) {
    if (!(name in where)) continue;
    const cond = where[name];
    use(v, type, name);
    if (cond === null) bad('null');
    if (name === 'and' || name === 'or') cond.forEach((c) => checkWhere(v, type, c, depth + 1));
    else if (name === 'not') checkWhere(v, type, cond, depth + 1);
    else if (toOne[type]?.[name]) {
      if ('isNull' in cond) {
        if (cond.isNull === null || Object.keys(cond).length > 1) bad('isNull');
      } else checkWhere(v, toOne[type][name][0], cond, depth + 1);
    } else if (isEdge(type, name)) {
      const target = toMany[type]?.[name]?.[0] ?? (type === 'Post' ? 'Tag' : 'Post');
      for (const kind of ['some', 'none', 'every', 'count']) {
        if (!(kind in cond)) continue;
        if (cond[kind] === null) bad('null');
        if (kind === 'count') checkOperators(cond.count);
        else checkWhere(v, target, cond[kind], depth + 1);
      }
    } else if (entities[type].json?.includes(name)) checkJSON(cond);
    else checkOperators(cond, name === 'id' ? type : entities[type].refs?.[name]);
  }
}

export function checkOperators(cond, target) {
  for (const [op, want] of Object.entries(cond)) {
    if (want === null) bad('null');
    if (target && op !== 'isNull') [want].flat().forEach((id) => fromId(target, id));
  }
}

// ---------- connections

export const MAX = 100, SIZE = 20;

function connection(v, type, rows, args) {
  const terms = args.search != null ? parseSearch(args.search) : null;
  const order = orderOf(v, type, args.orderBy, terms);
  for (const name of ['first', 'last', 'offset']) if (args[name] != null && args[name] < 0) bad(name);
  const after = args.after != null ? parseCursor(type, order, args.after) : null;
  const before = args.before != null ? parseCursor(type, order, args.before) : null;
  const { first, last, offset } = args;
  if (first != null && last != null) bad('first and last');
  if (offset != null && (last != null || after || before)) bad('offset');
  const backward = last != null;
  const limit = backward ? last : first ?? SIZE;
  if (limit > MAX) bad('page size');
  if (args.where) checkWhere(v, type, args.where);
  const all = rows.filter((row) => (!args.where || matches(v, type, args.where, row)) && (!terms || found(type, terms, row))).map((row) => keyed(order, row)).sort((a, b) => compareKeyed(order, a, b));
  let list = all;
  if (after) list = list.filter((row) => compareKeyed(order, row, after) > 0);
  if (before) list = list.filter((row) => compareKeyed(order, row, before) < 0);
  if (offset) list = list.slice(offset);
  const more = list.length > limit;
  const page = backward ? (limit === 0 ? [] : list.slice(-limit)) : list.slice(0, limit);
  const edges = page.map((row) => ({ cursor: cursorOf(type, order, row), node: object(type, row.row) }));
  return {
    edges,
    nodes: edges.map((e) => e.node),
    // An estimate is exact where nobody may get a guess, and where there are few rows.
    totalCount: ({ atMost }) => {
      if (atMost != null && atMost < 0) bad('atMost');
      return Math.min(all.length, atMost ?? all.length);
    },
    aggregate: () => figures(v, type, all.map((k) => k.row)),
    pageInfo: {
      hasNextPage: (!backward && more) || (before !== null && all.some((row) => compareKeyed(order, row, before) >= 0)),
      hasPreviousPage: (backward && more) || (after !== null && all.some((row) => compareKeyed(order, row, after) <= 0)) || ((offset ?? 0) > 0 && all.length > 0),
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges[edges.length - 1]?.cursor ?? null,
    },
  };
}

export function figures(v, type, rows) {
  const over = (kind, f) => {
    const t = schema.getType(type + kind);
    if (!t) return undefined;
    return Object.fromEntries(Object.keys(t.getFields()).map((name) => [name, () => { use(v, type, name); return f(rows.map((row) => (name === 'id' ? row.id : row[column(name)])).filter((value) => value !== null), name); }]));
  };
  const extreme = (sign) => (values, name) => {
    if (values.length === 0) return null;
    const v = values.reduce((a, b) => (compare(a, b) * sign <= 0 ? a : b));
    return name === 'createdOn' ? v.slice(0, 10) : v;
  };
  return {
    count: rows.length,
    sum: over('Sum', (values) => (values.length === 0 ? null : String(values.reduce((a, b) => a + BigInt(b), 0n)))),
    avg: over('Average', (values) => (values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length)),
    min: over('Min', extreme(1)),
    max: over('Max', extreme(-1)),
    countDistinct: over('CountDistinct', (values) => new Set(values).size),
  };
}

const object = (type, row) => ({ __typename: type, row });
const find = (v, type, test) => { const row = rowsOf(v, type).find(test); return row ? object(type, row) : null; };

// ---------- resolvers

const limit = (first, fallback) => {
  const n = first ?? fallback;
  if (n < 0 || n > 100) bad('first');
  return n;
};

const custom = {
  Query: {
    trendingPosts(_, args, v) {
      const n = limit(args.first, 10);
      const order = orderOf(v, 'Post', null);
      const posts = rowsOf(v, 'Post').map((row) => keyed(order, row)).sort((a, b) => compareKeyed(order, a, b)).slice(0, 500).map((k) => k.row);
      if (posts.length === 0) return [];
      const newestTime = Date.parse(posts[0].created_at);
      const heat = (p) => (p.score + Math.log1p(p.view_count)) / Math.pow((newestTime - Date.parse(p.created_at)) / 86400000 + 2, 1.2);
      return posts.sort((a, b) => heat(b) - heat(a)).slice(0, n).map((row) => object('Post', row));
    },
    communityStats: () => ({}),
  },
  Post: {
    readingMinutes: (p) => 1 + Math.floor(p.row.body.split(/\s+/).filter(Boolean).length / 220),
    related(p, args, v) {
      const n = limit(args.first, 5);
      const tags = tagged(p.row.id);
      const shared = new Map();
      for (const pt of tables.post_tags) if (tags.has(pt.tag_id) && pt.post_id !== p.row.id) shared.set(pt.post_id, (shared.get(pt.post_id) ?? 0) + 1);
      return rowsOf(v, 'Post').filter((row) => shared.has(row.id))
        .sort((a, b) => shared.get(b.id) - shared.get(a.id) || b.id - a.id).slice(0, n).map((row) => object('Post', row));
    },
  },
  CommunityStats: {
    posts: (_, _a, v) => rowsOf(v, 'Post').length,
    comments: (_, _a, v) => rowsOf(v, 'Comment').length,
    busiestAuthors(_, args, v) {
      const n = limit(args.first, 3);
      const counts = new Map();
      for (const row of rowsOf(v, 'Post')) if (row.author_id !== null) counts.set(row.author_id, (counts.get(row.author_id) ?? 0) + 1);
      return [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, n).map(([id, posts]) => ({ id, posts }));
    },
  },
  AuthorActivity: { author: (a, _, v) => find(v, 'User', (row) => row.id === a.id) },
};

function node(v, id) {
  const { type, key } = fromId(null, id);
  if (!entities[type]) bad('not an id');
  return find(v, type, (row) => row.id === key);
}

function rootResolver(name) {
  if (name === 'node') return (_, args, v) => node(v, args.id);
  if (name === 'nodes') return (_, args, v) => {
    if (args.ids.length > 100) bad('ids');
    return args.ids.map((id) => { try { return node(v, id); } catch (e) { return e; } });
  };
  for (const [type, e] of Object.entries(entities)) {
    if (name === e.many) return (_, args, v) => connection(v, type, rowsOf(v, type), args);
    const one = type[0].toLowerCase() + type.slice(1);
    if (name === one + 'Groups') return (_, args, v) => groups(v, type, rowsOf(v, type), args);
    if (name === one) return (_, args, v) => { const { key } = fromId(type, args.id); return find(v, type, (row) => row.id === key); };
    for (const key of e.keys) {
      if (name === one + 'By' + key[0].toUpperCase() + key.slice(1)) return (_, args, v) => {
        use(v, type, key);
        const wanted = (row) => row[column(key)] !== null && row[column(key)] === args[key];
        const shared = known[type]?.[key];
        if (!shared) return find(v, type, wanted);
        const row = tables[e.table].find((row) => wanted(row) && shared(row));
        return row ? object(type, row) : null;
      };
    }
  }
}

function attach() {
  for (const [name, f] of Object.entries(schema.getQueryType().getFields())) f.resolve = custom.Query[name] ?? rootResolver(name);
  for (const type of Object.keys(entities)) {
    for (const [name, f] of Object.entries(schema.getType(type).getFields())) {
      if (custom[type]?.[name]) f.resolve = custom[type][name];
      else if (edgeGroups[type]?.[name]) f.resolve = (o, args, v) => groups(v, ...related(v, type, edgeGroups[type][name], o.row), args);
      else if (toOne[type]?.[name]) {
        const [target, fk] = toOne[type][name];
        f.resolve = (o, _, v) => (o.row[fk] === null || !mayFollow(v, type, fk, o.row) ? null : find(v, target, (row) => row.id === o.row[fk]));
      } else if (toMany[type]?.[name]) {
        const [target, fk] = toMany[type][name];
        f.resolve = (o, args, v) => connection(v, target, rowsOf(v, target).filter((row) => row[fk] === o.row.id && mayFollow(v, target, fk, row)), args);
      } else if (type === 'Post' && name === 'tags') {
        f.resolve = (o, args, v) => { const ids = tagged(o.row.id); return connection(v, 'Tag', rowsOf(v, 'Tag').filter((row) => ids.has(row.id)), args); };
      } else if (type === 'Tag' && name === 'posts') {
        f.resolve = (o, args, v) => {
          const ids = new Set(tables.post_tags.filter((p) => p.tag_id === o.row.id).map((p) => p.post_id));
          return connection(v, 'Post', rowsOf(v, 'Post').filter((row) => ids.has(row.id)), args);
        };
      } else f.resolve = (o, _, v) => fieldValue(v, type, name, o.row);
    }
  }
  attachGroups(schema);
  for (const type of ['CommunityStats', 'AuthorActivity']) {
    for (const [name, f] of Object.entries(schema.getType(type).getFields())) if (custom[type][name]) f.resolve = custom[type][name];
  }
}

// ---------- the protocol

function run({ query, variables, viewer }) {
  seen = [];
  const document = parse(query);
  const invalid = validate(schema, document);
  if (invalid.length > 0) return { invalid: invalid.map((e) => e.message) };
  const result = execute({ schema, document, variableValues: variables, contextValue: viewer });
  const out = { cursors: seen };
  if (result.errors) {
    out.errors = result.errors.map((e) => ({ path: e.path ?? null, locations: e.locations ?? null, code: e.extensions.code ?? null }));
  }
  if ('data' in result) out.data = result.data;
  return out;
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const message = JSON.parse(line);
  let answer;
  try {
    if (message.load) {
      schema = buildSchema(message.load.sdl);
      tables = message.load.tables;
      attach();
      answer = { loaded: true };
    } else answer = run(message);
  } catch (e) {
    answer = { failed: String(e?.stack ?? e) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
