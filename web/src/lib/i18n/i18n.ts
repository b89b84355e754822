/* Texts by feature: lib/i18n/<language>/<feature>.json is the namespace <feature>, loaded when a page
 * first asks for it. */
import i18next from 'i18next';
import type { BackendModule } from 'i18next';
import { initReactI18next } from 'react-i18next';
import { LANGUAGES } from '@/lib/state/interface';
import type { Language } from '@/lib/state/interface';

type Texts = Record<string, unknown>;
const files = import.meta.glob<{ default: Texts }>('./{en,he}/*.json');

const backend: BackendModule = {
  type: 'backend',
  init: () => undefined,
  read: (language, namespace, done) => {
    const load = files[`./${language}/${namespace}.json`];
    if (!load) {
      done(new Error(`no texts: ${language}/${namespace}`), false);
      return;
    }
    load().then(
      (module) => done(null, module.default as Parameters<typeof done>[1]),
      (error: unknown) => done(error as Error, true),
    );
  },
};

export const i18n = i18next.createInstance();

export async function startTexts(language: Language): Promise<void> {
  await i18n
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: language,
      fallbackLng: false,
      supportedLngs: LANGUAGES,
      ns: ['common'],
      defaultNS: 'common',
      load: 'currentOnly',
      interpolation: { escapeValue: false },
      react: { useSuspense: true },
      returnNull: false,
      showSupportNotice: false,
    });
}
