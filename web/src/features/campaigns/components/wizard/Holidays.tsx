import { Box, Button, Chip, TextField, Typography } from '@mui/material';
import { useState } from 'react';
import type { Control } from 'react-hook-form';
import { useController } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import type { Values } from '../../api/wizard';

const HOLIDAYS_MAX = 64;

/** Days on which nobody is called. */
export function Holidays({ control }: { control: Control<Values> }) {
  const { t } = useTranslation(['campaigns', 'common']);
  const { field } = useController({ control, name: 'holidays' });
  const [day, setDay] = useState('');
  const add = () => {
    field.onChange([...new Set([...field.value, day])].sort());
    setDay('');
  };
  return (
    <div>
      <Box sx={{ display: 'flex', gap: 1.5, alignItems: 'center', flexWrap: 'wrap' }}>
        <TextField
          type="date"
          label={t('field.holidays')}
          value={day}
          onChange={(event) => setDay(event.target.value)}
          slotProps={{ inputLabel: { shrink: true }, htmlInput: { dir: 'ltr' } }}
          sx={{ width: 220 }}
        />
        <Button variant="outlined" disabled={!day || field.value.length >= HOLIDAYS_MAX} onClick={add}>
          {t('common:action.add')}
        </Button>
      </Box>
      {field.value.length > 0 ? (
        <Box
          component="ul"
          sx={{ display: 'flex', flexWrap: 'wrap', gap: 1, p: 0, mt: 1.5, listStyle: 'none' }}
        >
          {field.value.map((one) => (
            <li key={one}>
              <Chip
                label={<bdi dir="ltr">{one}</bdi>}
                onDelete={() => field.onChange(field.value.filter((other) => other !== one))}
              />
            </li>
          ))}
        </Box>
      ) : (
        <Typography variant="body2" color="text.secondary" sx={{ mt: 0.5 }}>
          {t('wizard.holidaysHint')}
        </Typography>
      )}
    </div>
  );
}
