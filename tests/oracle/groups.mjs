// Groups, for oracle.mjs: written from docs/querying.md, like the rest. Periods are found with Intl, whose database of time
// zones is ICU's and not the gateway's.
import { bad, compare, comparable, checkOperators, checkWhere, column, entities, fieldValue, figures, isEdge, matches, passes, related, toOne, use, MAX, SIZE } from './oracle.mjs';
import { found as finds, parseSearch } from './search.mjs';

// The fields that give the rows of an edge in groups.
export const edgeGroups = {
  User: { postGroups: 'posts', commentGroups: 'comments', voteGroups: 'votes', gridGroups: 'grids' },
  Post: { commentGroups: 'comments', tagGroups: 'tags', voteGroups: 'votes', linkGroups: 'links', linkedFromGroups: 'linkedFrom' },
  Comment: { replyGroups: 'replies', voteGroups: 'votes' },
  Tag: { postGroups: 'posts' },
};

// ---------- the calendar

const formats = new Map();
function shown(zone, ms) { // what the zone's clocks show, as if they showed UTC
  if (!formats.has(zone)) {
    formats.set(zone, new Intl.DateTimeFormat('en-US', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
    }));
  }
  const part = Object.fromEntries(formats.get(zone).formatToParts(ms).map((p) => [p.type, Number(p.value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
}

const MINUTE = 60_000, DAY = 24 * 60 * MINUTE;

function beginning(period, ms) {
  const d = new Date(ms), year = d.getUTCFullYear(), month = d.getUTCMonth(), day = d.getUTCDate();
  switch (period) {
    case 'DAY': return Date.UTC(year, month, day);
    case 'WEEK': return Date.UTC(year, month, day) - ((d.getUTCDay() + 6) % 7) * DAY;
    case 'MONTH': return Date.UTC(year, month, 1);
    case 'QUARTER': return Date.UTC(year, Math.floor(month / 3) * 3, 1);
    case 'YEAR': return Date.UTC(year, 0, 1);
  }
}

// The first second at which the zone's clocks show at least this, found by trying.
const firsts = new Map();
function first(zone, local) {
  const key = zone + local;
  if (!firsts.has(key)) {
    let t = local - 26 * 60 * MINUTE;
    while (shown(zone, t) < local) t += 15 * MINUTE;
    t -= 15 * MINUTE;
    while (shown(zone, t) < local) t += 1000;
    firsts.set(key, t);
  }
  return firsts.get(key);
}

const iso = (ms) => new Date(ms).toISOString().replace('Z', '000Z');

// periodOf gives a value to sort by and what is shown.
function periodOf(period, zone, isDay, text) {
  const ms = Math.floor(Date.parse(text) / 1000) * 1000;
  if (isDay) {
    const start = beginning(period, ms);
    return [start, iso(start).slice(0, 10)];
  }
  const local = shown(zone, ms);
  if (period === 'HOUR') {
    const start = ms - (local - Math.floor(local / (60 * MINUTE)) * 60 * MINUTE);
    return [start, iso(start)];
  }
  const start = beginning(period, local);
  return [start, iso(first(zone, start))];
}

function isZone(name) {
  if (!/^[A-Z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch { return false; }
}

// ---------- what to group by

const camel = (s) => s.toLowerCase().replace(/_([a-z])/g, (_, c) => c.toUpperCase());
const noNulls = (o) => { for (const key of Object.keys(o)) if (o[key] === null) bad(key + ' is null'); };

// A key is {name, period, zone, of}; of(row) gives [what to sort by, what to show] or null.
function keyOf(v, type, by, depth) {
  noNulls(by);
  const edges = Object.keys(by).filter((k) => isEdge(type, k));
  if (edges.length > 0) {
    if (Object.keys(by).length > 1) bad('one relation and nothing else');
    if (depth >= 3) bad('too many edges');
    const [edge] = edges;
    const inner = keyOf(v, toOne[type][edge][0], by[edge], depth + 1);
    return { ...inner, name: edge + '.' + inner.name, of: (row) => { const [found] = related(v, type, edge, row)[1]; return found ? inner.of(found) : null; } };
  }
  if (!by.field) bad('no field');
  const name = camel(by.field);
  use(v, type, name);
  const isDay = name === 'createdOn', isTime = name.endsWith('At');
  if (by.period && !isTime && !(isDay && by.period !== 'HOUR')) bad('period');
  if (by.timeZone !== undefined && (!by.period || !isTime || !isZone(by.timeZone))) bad('timeZone');
  const of = (row) => {
    const value = row[column(name)];
    if (value === null) return null;
    return by.period ? periodOf(by.period, by.timeZone ?? 'UTC', isDay, value) : [value, fieldValue(v, type, name, row)];
  };
  return { name, period: by.period, zone: by.timeZone, of };
}

// ---------- having and order

const functions = ['sum', 'avg', 'min', 'max', 'countDistinct'];
const figure = (group, fn, field) => (fn === 'count' ? group.figures.count : group.figures[fn][field]());

function checkHaving(v, type, having, depth = 1) {
  if (depth > 5) bad('too deep');
  noNulls(having);
  for (const [name, cond] of Object.entries(having)) {
    if (name === 'and' || name === 'or') cond.forEach((c) => checkHaving(v, type, c, depth + 1));
    else if (name === 'not') checkHaving(v, type, cond, depth + 1);
    else if (name === 'count') checkOperators(cond);
    else for (const [field, c] of Object.entries(cond)) { use(v, type, field); if (c === null) bad('null'); checkOperators(c); }
  }
}

function has(having, group) {
  const test = (fn, field, ops) => {
    const value = figure(group, fn, field);
    return Object.entries(ops).every(([op, want]) => {
      if (fn !== 'sum' || op === 'isNull') return passes(op, value, want);
      return passes(op, value === null ? null : BigInt(value), Array.isArray(want) ? want.map(BigInt) : BigInt(want));
    });
  };
  return Object.entries(having).every(([name, cond]) => {
    if (name === 'and') return cond.every((c) => has(c, group));
    if (name === 'or') return cond.some((c) => has(c, group));
    if (name === 'not') return !has(cond, group);
    if (name === 'count') return test('count', null, cond);
    return Object.entries(cond).every(([field, ops]) => test(name, field, ops));
  });
}

function stepsOf(v, type, keys, orderBy) {
  const steps = [];
  if (orderBy.length > 10) bad('too many steps');
  for (const s of orderBy) {
    noNulls(s);
    const what = ['key', 'count', ...functions].filter((name) => name in s);
    if (what.length !== 1) bad('one thing to sort by');
    const [name] = what;
    const first = s.nulls === 'FIRST';
    if (name === 'key') {
      const key = keyOf(v, type, s.key, 0);
      const i = keys.findIndex((k) => k.name === key.name);
      if (i < 0 || (key.period && key.period !== keys[i].period) || (key.zone !== undefined && key.zone !== keys[i].zone)) bad('not grouped by');
      steps.push({ of: (g) => g.sort[i], desc: s.direction === 'DESC', first });
      continue;
    }
    if ('direction' in s) bad('direction');
    if (name.startsWith('count') && 'nulls' in s) bad('nulls');
    let field = null, direction = s.count;
    if (name !== 'count') {
      noNulls(s[name]);
      const entries = Object.entries(s[name]);
      if (entries.length !== 1) bad('one figure');
      [[field, direction]] = entries;
      use(v, type, field);
    }
    const value = (g) => { const x = figure(g, name, field); return name === 'sum' && x !== null ? BigInt(x) : x; };
    steps.push({ of: value, desc: direction === 'DESC', first });
  }
  return [...steps, ...keys.map((_, i) => ({ of: (g) => g.sort[i], desc: false, first: false }))];
}

// ---------- the groups

export function groups(v, type, rows, args) {
  if (args.by.length < 1 || args.by.length > 5) bad('by');
  const keys = args.by.map((by) => keyOf(v, type, by, 0));
  if (new Set(keys.map((k) => k.name)).size < keys.length) bad('the same twice');
  for (const name of ['first', 'offset']) if (args[name] != null && args[name] < 0) bad(name);
  const size = args.first ?? SIZE;
  if (size > MAX) bad('page size');
  if (args.where) checkWhere(v, type, args.where);
  if (args.having) checkHaving(v, type, args.having);
  const steps = stepsOf(v, type, keys, args.orderBy ?? []);
  const terms = args.search != null ? parseSearch(args.search) : null;
  const found = new Map();
  for (const row of rows) {
    if ((args.where && !matches(v, type, args.where, row)) || (terms && !finds(type, terms, row))) continue;
    const values = keys.map((k) => k.of(row));
    const id = JSON.stringify(values.map((x) => x && x[0]));
    if (!found.has(id)) found.set(id, { sort: values.map((x) => x && x[0]), shown: new Map(keys.map((k, i) => [k.name, values[i] && values[i][1]])), rows: [] });
    found.get(id).rows.push(row);
  }
  const all = [...found.values()];
  for (const g of all) g.figures = figures(v, type, g.rows);
  return all
    .filter((g) => !args.having || has(args.having, g))
    .sort((a, b) => {
      for (const s of steps) {
        const x = s.of(a), y = s.of(b);
        if (x === null && y === null) continue;
        if (x === null || y === null) return (x === null) === s.first ? -1 : 1;
        const c = compare(comparable(x), comparable(y));
        if (c !== 0) return s.desc ? -c : c;
      }
      return 0;
    })
    .slice(args.offset ?? 0, (args.offset ?? 0) + size)
    .map((g) => ({ key: { shown: g.shown, path: '' }, aggregate: () => g.figures }));
}

export function attachGroups(schema) {
  for (const type of Object.keys(entities)) {
    for (const [name, f] of Object.entries(schema.getType(type + 'GroupKey').getFields())) {
      f.resolve = ({ shown, path }) => {
        if (!toOne[type]?.[name]) return shown.get(path + name) ?? null;
        const below = path + name + '.';
        return [...shown.keys()].some((k) => k.startsWith(below)) ? { shown, path: below } : null;
      };
    }
  }
}
