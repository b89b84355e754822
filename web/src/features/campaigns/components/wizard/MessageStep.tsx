import AccountTreeOutlined from '@mui/icons-material/AccountTreeOutlined';
import { Alert, Stack, Typography } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import type { Control } from 'react-hook-form';
import { useWatch } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '@/components/EmptyState';
import { FormAutocomplete } from '@/components/form/FormAutocomplete';
import { Ltr } from '@/components/Ltr';
import { QueryView } from '@/components/QueryView';
import { flowQuery, flowsQuery } from '../../api/references';
import type { Values } from '../../api/wizard';

/** What people hear and what their keys do: a call flow. */
export function MessageStep({ control }: { control: Control<Values> }) {
  const { t } = useTranslation('campaigns');
  const flows = useQuery(flowsQuery);
  const chosen = Number(useWatch({ control, name: 'flow_id' }));
  return (
    <QueryView query={flows}>
      {({ items }) =>
        items.length === 0 ? (
          <EmptyState
            icon={<AccountTreeOutlined />}
            title={t('wizard.noFlowTitle')}
            text={t('wizard.noFlowText')}
          />
        ) : (
          <Stack spacing={3}>
            <FormAutocomplete
              control={control}
              name="flow_id"
              label={t('field.flow')}
              hint={t('wizard.flowHint')}
              choices={items.map((flow) => ({ value: String(flow.id), label: flow.name }))}
            />
            {chosen > 0 ? <FlowFacts id={chosen} /> : null}
          </Stack>
        )
      }
    </QueryView>
  );
}

function FlowFacts({ id }: { id: number }) {
  const { t } = useTranslation('campaigns');
  const flow = useQuery(flowQuery(id));
  return (
    <QueryView query={flow}>
      {({ note, nodes, prompts, prompts_missing: missing }) => (
        <Stack spacing={1.5}>
          {note ? <Typography>{note}</Typography> : null}
          <Typography color="text.secondary">
            {t('wizard.flowSteps', { count: nodes })}, {t('wizard.flowPrompts', { count: prompts.length })}
          </Typography>
          {missing.length > 0 ? (
            <Alert severity="warning">
              {t('wizard.promptsMissing', { count: missing.length })} <Ltr>{missing.join(', ')}</Ltr>
            </Alert>
          ) : null}
        </Stack>
      )}
    </QueryView>
  );
}
