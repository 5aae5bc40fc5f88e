// GraphiQL keeps tabs over a reload but drops their headers, and rightly does not write keys into the browser's storage.
// A tab without headers gets the ones of this server's settings again, so that a restarted gateway's new key is used.
export function rememberingTabs(storage, headers) {
  return {
    get length() {
      return storage.length;
    },
    clear: () => storage.clear(),
    removeItem: (key) => storage.removeItem(key),
    setItem: (key, value) => storage.setItem(key, value),
    getItem(key) {
      const value = storage.getItem(key);
      if (!value || !key.endsWith('tabState')) return value;
      try {
        const state = JSON.parse(value);
        state.tabs = state.tabs.map((tab) => ({ ...tab, headers: tab.headers || headers }));
        return JSON.stringify(state);
      } catch {
        return null; // what an older playground left behind
      }
    },
  };
}
