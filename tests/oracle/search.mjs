// Searches, for oracle.mjs: written from docs/querying.md, like the rest.
import { bad, column } from './oracle.mjs';

// The fields that are searched, and what it counts that a word is found there.
export const searchable = { Post: { title: 10, body: 1 }, Comment: { message: 1 } };

const alike = { 'µ': 'μ', 'ſ': 's', 'ς': 'σ', 'ϐ': 'β', 'ϑ': 'θ', 'ϕ': 'φ', 'ϖ': 'π', 'ϰ': 'κ', 'ϱ': 'ρ', 'ϵ': 'ε', 'ẛ': 'ṡ' };

const words = (text) => [...text.toLowerCase()].map((c) => alike[c] ?? c).join('').normalize('NFD')
  .replace(/([a-z])[\u0300-\u0304\u0306-\u030c\u030f\u0311\u031b\u0323-\u0328\u032d\u032e\u0330\u0331]+/g, '$1').normalize('NFC')
  .split(/[^\p{L}\p{Nd}]+/u).filter(Boolean);

// parse reads what is searched for: [{words, prefix, excluded}].
export function parseSearch(text) {
  const all = [...text];
  if (all.length > 500) bad('a long search');
  const terms = [];
  const space = /^\p{White_Space}$/u;
  for (let i = 0; i < all.length;) {
    if (space.test(all[i])) { i++; continue; }
    const excluded = all[i] === '-';
    if (excluded) i++;
    const quoted = all[i] === '"';
    let end = quoted ? i + 1 : i;
    while (end < all.length && all[end] !== '"' && (quoted || !space.test(all[end]))) end++;
    const part = all.slice(quoted ? i + 1 : i, end).join('');
    if (quoted) end = Math.min(end + 1, all.length);
    let prefix = !quoted && part.endsWith('*');
    if (all[end] === '*') { prefix = true; end++; }
    i = end;
    const found = words(part);
    if (found.length > 0) terms.push({ words: found, prefix, excluded });
  }
  if (terms.length > 16) bad('many words');
  return terms;
}

// plain is the form that searches for the same have in common, without spaces.
export function plain(terms) {
  const text = (t) => `"${t.words.join('+')}"${t.prefix ? '*' : ''}`;
  return [...terms.filter((t) => !t.excluded).map(text), ...terms.filter((t) => t.excluded).map((t) => '-' + text(t))].join('+');
}

const stands = (t, list) => list.some((_, i) => i + t.words.length <= list.length
  && t.words.every((w, j) => (t.prefix && j === t.words.length - 1 ? list[i + j].startsWith(w) : list[i + j] === w)));

// found says whether a row matches, and rankOf how well.
export function found(type, terms, row) {
  const texts = Object.keys(searchable[type]).map((f) => words(row[column(f)] ?? ''));
  return terms.every((t) => texts.some((list) => stands(t, list)) !== t.excluded);
}

export function rankOf(type, terms, row) {
  const fields = Object.entries(searchable[type]);
  if (fields.length === 1) return 0;
  let rank = 0;
  for (const t of terms) {
    if (t.excluded) continue;
    for (const [name, weight] of fields) if (stands(t, words(row[column(name)] ?? ''))) rank += weight;
  }
  return rank;
}
