import { Box, Stack } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import type { Control } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { FormTextField } from '@/components/form/FormTextField';
import { QueryView } from '@/components/QueryView';
import { trunksQuery } from '../../api/references';
import type { Values } from '../../api/wizard';
import { TrunkChoice } from './TrunkChoice';

/** What it is for, and who calls. */
export function PurposeStep({ control }: { control: Control<Values> }) {
  const { t } = useTranslation('campaigns');
  const trunks = useQuery(trunksQuery);
  return (
    <Stack spacing={3}>
      <FormTextField control={control} name="name" label={t('field.name')} hint={t('wizard.nameHint')} />
      <Box sx={{ display: 'grid', gridTemplateColumns: { sm: '1fr 1fr' }, gap: 3 }}>
        <FormTextField
          control={control}
          name="caller.name"
          label={t('wizard.callerName')}
          hint={t('wizard.callerNameHint')}
        />
        <FormTextField
          control={control}
          name="caller.number"
          ltr
          type="tel"
          label={t('wizard.callerNumber')}
          hint={t('wizard.callerNumberHint')}
        />
      </Box>
      <QueryView query={trunks}>{({ items }) => <TrunkChoice control={control} trunks={items} />}</QueryView>
      <FormTextField
        control={control}
        name="note"
        label={t('field.note')}
        hint={t('wizard.noteHint')}
        multiline
        minRows={2}
      />
    </Stack>
  );
}
