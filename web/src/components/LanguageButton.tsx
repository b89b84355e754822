import { Button } from '@mui/material';
import { useTranslation } from 'react-i18next';
import { useLanguage } from '@/lib/i18n/useLanguage';
import type { Language } from '@/lib/state/interface';

const OTHER: Record<Language, { language: Language; name: string }> = {
  en: { language: 'he', name: 'עברית' },
  he: { language: 'en', name: 'English' },
};

/** Changes to the other language; named in that language, for whoever does not read this one. */
export function LanguageButton() {
  const { t } = useTranslation();
  const { language, choose } = useLanguage();
  const other = OTHER[language];
  return (
    <Button
      color="inherit"
      lang={other.language}
      title={t('language')}
      onClick={() => void choose(other.language)}
    >
      {other.name}
    </Button>
  );
}
