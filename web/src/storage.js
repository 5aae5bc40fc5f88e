// What GraphiQL keeps in the browser's storage, without the key that this page was opened with: tabs and history are
// written without headers that hold it, and get the headers of the server's current settings when they are read again.
// So a key never outlives the page, and a gateway that restarted with another one goes on working.
const lists = { tabState: 'tabs', queries: 'queries', favorites: 'favorites' };

export function withoutKey(storage, headers, key) {
  const rewrite = (name, text, headersOf) => {
    const list = lists[name.split(':').pop()];
    if (!list || !text) return text;
    const state = JSON.parse(text);
    state[list] = state[list].map((entry) => ({ ...entry, headers: headersOf(entry.headers) }));
    return JSON.stringify(state);
  };
  return {
    get length() {
      return storage.length;
    },
    clear: () => storage.clear(),
    removeItem: (name) => storage.removeItem(name),
    setItem: (name, text) =>
      storage.setItem(name, rewrite(name, text, (written) => (key && written?.includes(key) ? null : written))),
    getItem(name) {
      try {
        return rewrite(name, storage.getItem(name), (read) => read || headers);
      } catch {
        return null; // what an older playground left behind
      }
    },
  };
}
