import { Box, Typography } from '@mui/material';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Ltr } from '@/components/Ltr';
import type { Contact } from '../api/contacts';

/** What is known of a person. */
export function ContactFacts({ contact }: { contact: Contact }) {
  const { t } = useTranslation('people');
  const facts: { label: string; value: ReactNode }[] = [
    { label: t('language'), value: contact.language },
    {
      label: t('zone'),
      value: (
        <>
          <Ltr>{contact.time_zone}</Ltr> ({t(`zoneFrom.${contact.time_zone_from}`)})
        </>
      ),
    },
    { label: t('hours'), value: contact.hours ? <Ltr>{contact.hours}</Ltr> : null },
    ...Object.entries(contact.extra).map(([label, value]) => ({ label, value: <bdi>{String(value)}</bdi> })),
  ];
  return (
    <Box
      component="dl"
      sx={{ m: 0, display: 'grid', gap: 2, gridTemplateColumns: 'repeat(auto-fill, minmax(13rem, 1fr))' }}
    >
      {facts.map((fact) => (
        <div key={fact.label}>
          <Typography component="dt" variant="body2" color="text.secondary">
            {fact.label}
          </Typography>
          <Typography component="dd" sx={{ m: 0, overflowWrap: 'anywhere' }}>
            {fact.value ?? '—'}
          </Typography>
        </div>
      ))}
    </Box>
  );
}
