import Search from '@mui/icons-material/Search';
import { Box, InputAdornment, MenuItem, TextField } from '@mui/material';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CampaignFilter } from '../api/campaigns';
import { STATES } from '../api/useListView';

interface Props {
  filter: CampaignFilter;
  onChange: (part: { state?: string; q?: string }) => void;
}

const TYPING_MS = 300;

/** Search by name, and by state. */
export function ListFilter({ filter, onChange }: Props) {
  const { t } = useTranslation(['campaigns', 'terms']);
  const [text, setText] = useState(filter.q ?? '');
  const typed = text.trim();
  useEffect(() => {
    if (typed === (filter.q ?? '')) return;
    const timer = setTimeout(() => onChange({ q: typed }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, filter.q, onChange]);
  return (
    <Box role="search" sx={{ display: 'flex', flexWrap: 'wrap', gap: 2, mb: 2 }}>
      <TextField
        type="search"
        size="small"
        label={t('list.search')}
        value={text}
        onChange={(event) => setText(event.target.value)}
        sx={{ flex: '1 1 14rem', maxWidth: { sm: 380 } }}
        slotProps={{
          htmlInput: { maxLength: 100 },
          input: {
            startAdornment: (
              <InputAdornment position="start">
                <Search fontSize="small" />
              </InputAdornment>
            ),
          },
        }}
      />
      <TextField
        select
        size="small"
        label={t('list.state')}
        value={filter.state ?? ''}
        onChange={(event) => onChange({ state: event.target.value })}
        sx={{ flex: '1 1 10rem', maxWidth: { sm: 220 } }}
        slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}
      >
        <MenuItem value="">{t('list.anyState')}</MenuItem>
        {STATES.map((state) => (
          <MenuItem key={state} value={state}>
            {t(`terms:campaign.${state}`)}
          </MenuItem>
        ))}
      </TextField>
    </Box>
  );
}
