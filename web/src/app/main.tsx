import '@fontsource-variable/heebo/wght.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { Provider } from 'react-redux';
import { RouterProvider } from 'react-router-dom';
import { LoadingSkeleton } from '@/components/LoadingSkeleton';
import { NoticeBar } from '@/components/NoticeBar';
import { makeQueryClient } from '@/lib/api/query';
import { onMe } from '@/lib/api/session';
import { ME } from '@/lib/api/useMe';
import { startForms } from '@/lib/forms';
import { startTexts } from '@/lib/i18n/i18n';
import { makeStore } from '@/lib/state/store';
import { LiveProvider } from './LiveProvider';
import { Look } from './Look';
import { makeRouter } from './router';

async function start(root: HTMLElement) {
  const store = makeStore(window.localStorage, navigator.languages);
  const queries = makeQueryClient();
  // A renewed session brings a new Me, a lost one null: every page hears of it here. Nobody sees what
  // was loaded for somebody else.
  let user: number | undefined;
  onMe((me) => {
    if (me && me.id !== user) queries.removeQueries({ predicate: (query) => query.queryKey[0] !== ME[0] });
    user = me?.id;
    queries.setQueryData(ME, me);
  });
  startForms();
  await startTexts(store.getState().interface.language);
  const router = makeRouter();
  createRoot(root).render(
    <StrictMode>
      <Provider store={store}>
        <QueryClientProvider client={queries}>
          <Look>
            <LiveProvider>
              {/* Texts come when a page first asks for them. */}
              <Suspense fallback={<LoadingSkeleton kind="page" />}>
                <RouterProvider router={router} />
              </Suspense>
            </LiveProvider>
            <NoticeBar />
          </Look>
        </QueryClientProvider>
      </Provider>
    </StrictMode>,
  );
}

const root = document.getElementById('root');
if (root) void start(root);
