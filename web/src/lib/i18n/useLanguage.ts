import type { Language } from '@/lib/state/interface';
import { languageChosen } from '@/lib/state/interface';
import { useAppDispatch, useAppSelector } from '@/lib/state/store';
import { i18n } from './i18n';

/** The language that is shown, and how to change it: texts come first, then everything turns. */
export function useLanguage() {
  const dispatch = useAppDispatch();
  const language = useAppSelector((state) => state.interface.language);
  const choose = async (next: Language) => {
    await i18n.changeLanguage(next);
    dispatch(languageChosen(next));
  };
  return { language, choose };
}
