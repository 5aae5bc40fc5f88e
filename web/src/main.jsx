// The playground: GraphiQL with what the server says about itself. Everything comes from the gateway that serves the
// page; nothing is fetched from anywhere else.
import './workers.js';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './page.css';
import { useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL } from 'graphiql';
import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { correctedStorage } from './storage.js';

function fetcher(settings) {
  return async ({ query, operationName, ...params }, options) => {
    // Right after a change of tabs, GraphiQL still names the operation of the other tab.
    const named = operationName && new RegExp(`\\b(query|mutation|subscription)\\s+${operationName}\\b`).test(query);
    // GraphiQL asks for the schema before its headers pane is there. An empty pane means an anonymous request, though.
    const headers = operationName === 'IntrospectionQuery' ? settings.headers : {};
    const response = await fetch(settings.endpoint, {
      method: 'POST',
      headers: {
        Accept: 'application/graphql-response+json',
        'Content-Type': 'application/json',
        ...headers,
        ...options?.headers,
      },
      body: JSON.stringify({ ...params, query, operationName: named ? operationName : undefined }),
    });
    return response.json();
  };
}

// GraphiQL's editors look at the system's colours once. This makes them follow a change, as the rest of the page does.
function FollowSystem() {
  const theme = useGraphiQL((state) => state.theme);
  const { setTheme } = useGraphiQLActions();
  useEffect(() => {
    if (theme) return undefined; // chosen in the settings
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    const follow = () => setTheme(null);
    dark.addEventListener('change', follow);
    return () => dark.removeEventListener('change', follow);
  }, [theme, setTheme]);
  return null;
}

function Playground({ settings }) {
  const headers = Object.keys(settings.headers).length ? JSON.stringify(settings.headers, null, 2) : '';
  const welcome = `# A new operation against ${settings.name}.\n# Ctrl-Space completes names, Ctrl-Enter runs the operation.\n\n`;
  return (
    <GraphiQL
      fetcher={fetcher(settings)}
      defaultTabs={settings.examples.length ? settings.examples.map((example) => ({ ...example, headers })) : undefined}
      defaultQuery={welcome}
      defaultHeaders={headers}
      defaultEditorToolsVisibility="headers"
      showPersistHeadersSettings={false}
      storage={correctedStorage(window.localStorage, headers, settings.headers.Authorization)}
    >
      <GraphiQL.Logo>
        {settings.name}
        <FollowSystem />
      </GraphiQL.Logo>
    </GraphiQL>
  );
}

async function open(element) {
  try {
    const response = await fetch('/playground/settings.json');
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const settings = await response.json();
    document.title = `${settings.name} · GraphQL playground`;
    createRoot(element).render(<Playground settings={settings} />);
  } catch (error) {
    element.firstElementChild.textContent = `The playground cannot be opened: ${error.message}. Is the gateway running?`;
  }
}

open(document.getElementById('playground'));
