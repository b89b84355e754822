import {
  Box,
  FormControl,
  MenuItem,
  Select,
  Table,
  TableBody,
  TableCell,
  TableContainer,
  TableHead,
  TableRow,
} from '@mui/material';
import { useTranslation } from 'react-i18next';
import type { Field, Meaning } from '../api/imports';
import type { Preview } from '../api/uploads';

const FIELDS: Field[] = ['phone', 'name', 'first_name', 'last_name', 'language', 'zone', 'window'];

interface Props {
  preview: Preview;
  meaning: Meaning;
  onChange: (meaning: Meaning) => void;
}

/** The first rows of a file, with what each column is taken for. */
export function ColumnTable({ preview, meaning, onChange }: Props) {
  const { t } = useTranslation('people');
  const change = (column: number, to: Field | null) =>
    onChange(meaning.map((field, i) => (i === column ? to : field)));
  return (
    <TableContainer
      tabIndex={0}
      role="region"
      aria-label={t('wizard.firstRows')}
      sx={{ border: 1, borderColor: 'divider', borderRadius: 2, maxHeight: '60vh' }}
    >
      <Table size="small" stickyHeader sx={{ width: 'auto', minWidth: '100%' }}>
        <TableHead>
          <TableRow>
            <TableCell>{t('wizard.row')}</TableCell>
            {preview.columns.map((column, i) => (
              <TableCell key={i} sx={{ minWidth: '11rem', verticalAlign: 'top' }}>
                <Box sx={{ mb: 0.5 }}>
                  <bdi>{column.title || '—'}</bdi>
                </Box>
                <FormControl size="small" fullWidth>
                  <Select
                    value={meaning[i] ?? 'keep'}
                    disabled={!column.title}
                    onChange={(event) => change(i, event.target.value === 'keep' ? null : event.target.value)}
                    inputProps={{ 'aria-label': t('wizard.meaning', { title: column.title }) }}
                    sx={{ fontWeight: meaning[i] ? 600 : 400 }}
                  >
                    <MenuItem value="keep">{t('wizard.field.keep')}</MenuItem>
                    {FIELDS.map((field) => (
                      <MenuItem key={field} value={field}>
                        {t(`wizard.field.${field}`)}
                      </MenuItem>
                    ))}
                  </Select>
                </FormControl>
              </TableCell>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {preview.rows.map((row) => (
            <TableRow key={row.row}>
              <TableCell sx={{ color: 'text.secondary' }}>{row.row}</TableCell>
              {preview.columns.map((_, i) => (
                <TableCell
                  key={i}
                  sx={{
                    maxWidth: '18rem',
                    overflow: 'hidden',
                    textOverflow: 'ellipsis',
                    whiteSpace: 'nowrap',
                    bgcolor: meaning[i] === 'phone' ? 'action.selected' : undefined,
                  }}
                >
                  <bdi>{row.cells[i] ?? ''}</bdi>
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </TableContainer>
  );
}
