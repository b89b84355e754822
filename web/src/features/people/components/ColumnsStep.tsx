import { Alert, Box, Button, MenuItem, Stack, TextField, Typography } from '@mui/material';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router-dom';
import { ProblemAlert } from '@/components/ProblemAlert';
import { QueryView } from '@/components/QueryView';
import { newKey } from '@/lib/api/client';
import type { Meaning } from '../api/imports';
import { claimedTwice, importUpload, meaningOf, readingOf, usePreview } from '../api/imports';
import { createList, useLists } from '../api/lists';
import type { Preview, Upload } from '../api/uploads';
import { forgetUpload } from '../api/uploads';
import { ColumnTable } from './ColumnTable';

interface Props {
  file: File;
  upload: Upload;
  listId: number | null;
  onOtherFile: () => void;
}

export function ColumnsStep(props: Props) {
  const { t } = useTranslation('people');
  const [sheet, setSheet] = useState<string | undefined>();
  const preview = usePreview(props.upload.id, sheet);
  return (
    <Stack spacing={3}>
      <QueryView query={preview}>
        {(found) => <Checked key={found.sheet} {...props} preview={found} onSheet={setSheet} />}
      </QueryView>
      {preview.error ? (
        <Box>
          <Button variant="contained" onClick={props.onOtherFile}>
            {t('wizard.otherFile')}
          </Button>
        </Box>
      ) : null}
    </Stack>
  );
}

interface CheckedProps extends Props {
  preview: Preview;
  onSheet: (sheet: string) => void;
}

/** A new list is called as the file is, without its ending. */
function nameOf(file: File): string {
  return file.name.replace(/\.[^.]+$/, '').slice(0, 100);
}

const NEW = 'new';

function Checked({ file, upload, listId, preview, onSheet, onOtherFile }: CheckedProps) {
  const { t } = useTranslation('people');
  const navigate = useNavigate();
  const lists = useLists('name');
  const [meaning, setMeaning] = useState<Meaning>(() => meaningOf(preview));
  const [into, setInto] = useState<string>(listId ? String(listId) : NEW);
  const [name, setName] = useState(nameOf(file));
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [keys] = useState(() => ({ list: newKey(), import: newKey() }));
  const twice = claimedTwice(meaning);
  const noPhone = !meaning.includes('phone');

  const send = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const list = into === NEW ? (await createList(name.trim(), keys.list)).id : Number(into);
      const started = await importUpload(upload.id, list, readingOf(preview, meaning), keys.import);
      forgetUpload(file);
      navigate(`/people/imports/${started.id}`);
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };

  return (
    <>
      <Box sx={{ display: 'flex', flexWrap: 'wrap', gap: 2 }}>
        <TextField
          select
          label={t('wizard.intoList')}
          value={into}
          onChange={(event) => setInto(event.target.value)}
          sx={{ minWidth: '16rem' }}
        >
          <MenuItem value={NEW}>{t('wizard.newList')}</MenuItem>
          {lists.items.map((list) => (
            <MenuItem key={list.id} value={String(list.id)}>
              {list.name}
            </MenuItem>
          ))}
        </TextField>
        {into === NEW ? (
          <TextField
            label={t('listName')}
            value={name}
            onChange={(event) => setName(event.target.value)}
            error={!name.trim()}
            sx={{ minWidth: '16rem' }}
          />
        ) : null}
        {preview.sheets.length > 1 ? (
          <TextField
            select
            label={t('wizard.sheet')}
            value={preview.sheet}
            onChange={(event) => onSheet(event.target.value)}
            sx={{ minWidth: '12rem' }}
          >
            {preview.sheets.map((sheet) => (
              <MenuItem key={sheet.name} value={sheet.name}>
                {sheet.hidden ? t('wizard.hiddenSheet', { name: sheet.name }) : sheet.name}
              </MenuItem>
            ))}
          </TextField>
        ) : null}
      </Box>
      <Typography sx={{ maxWidth: '75ch' }}>
        {t('wizard.columnsText', { example: '{{name}}', interpolation: { skipOnVariables: true } })}
      </Typography>
      {preview.no_header ? <Alert severity="info">{t('wizard.noHeader')}</Alert> : null}
      <ColumnTable preview={preview} meaning={meaning} onChange={setMeaning} />
      {noPhone ? (
        <Alert severity="warning" role="alert">
          {t('wizard.noPhone')}
        </Alert>
      ) : null}
      {twice ? (
        <Alert severity="warning" role="alert">
          {t('wizard.twice', { field: t(`wizard.field.${twice}`) })}
        </Alert>
      ) : null}
      <ProblemAlert error={problem} />
      <Box sx={{ display: 'flex', gap: 1, justifyContent: 'flex-end' }}>
        <Button onClick={onOtherFile}>{t('wizard.otherFile')}</Button>
        <Button
          variant="contained"
          loading={busy}
          disabled={noPhone || twice !== null || (into === NEW && !name.trim())}
          onClick={() => void send()}
        >
          {t('wizard.import')}
        </Button>
      </Box>
    </>
  );
}
