// What GraphiQL keeps in the browser's storage, with two corrections.
//
// The key of the page's settings is not written: the history is stored without headers that hold it, and gets the headers
// of the server's current settings when it is read again. (Tabs are stored without headers by GraphiQL itself.) So a key
// never outlives the page, and a gateway that restarted with another one goes on working.
//
// The query and the variables to start with are those of the open tab. GraphiQL stores them apart from its tabs and a
// little later, and opens another tab when the two do not agree.
const history = ['queries', 'favorites'];

export function correctedStorage(storage, headers, key) {
  const rewrite = (name, text, headersOf) => {
    if (!text || !history.includes(name)) return text;
    const state = JSON.parse(text);
    state[name] = state[name].map((entry) => ({ ...entry, headers: headersOf(entry.headers) }));
    return JSON.stringify(state);
  };
  const openTab = () => {
    const state = JSON.parse(storage.getItem('graphiql:tabState'));
    return state?.tabs[state.activeTabIndex];
  };
  const shortName = (name) => name.replace('graphiql:', '');
  return {
    get length() {
      return storage.length;
    },
    clear: () => storage.clear(),
    removeItem: (name) => storage.removeItem(name),
    setItem: (name, text) =>
      storage.setItem(name, rewrite(shortName(name), text, (written) => (key && written?.includes(key) ? null : written))),
    getItem(name) {
      try {
        switch (shortName(name)) {
          case 'query':
            return openTab()?.query ?? null;
          case 'variables':
            return openTab()?.variables ?? null;
          default:
            return rewrite(shortName(name), storage.getItem(name), (read) => read || headers);
        }
      } catch {
        return null; // what an older playground left behind
      }
    },
  };
}
