import { Link, Step, StepLabel, Stepper } from '@mui/material';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink, useSearchParams } from 'react-router-dom';
import { PageHeader } from '@/components/PageHeader';
import type { Upload } from '../api/uploads';
import { ColumnsStep } from '../components/ColumnsStep';
import { FileStep } from '../components/FileStep';

/** A file of people: chosen and uploaded, its columns checked, then imported (ImportPage). */
export function Component() {
  const { t } = useTranslation('people');
  const [query] = useSearchParams();
  const [chosen, setChosen] = useState<{ file: File; upload: Upload } | null>(null);
  return (
    <>
      <PageHeader
        title={t('wizard.title')}
        above={
          <Link component={RouterLink} to="/people">
            {t('title')}
          </Link>
        }
      />
      <Stepper activeStep={chosen ? 1 : 0} aria-label={t('wizard.steps')} sx={{ mb: 4, maxWidth: '40rem' }}>
        {[t('wizard.file'), t('wizard.columns'), t('wizard.result')].map((label) => (
          <Step key={label}>
            <StepLabel>{label}</StepLabel>
          </Step>
        ))}
      </Stepper>
      {chosen ? (
        <ColumnsStep
          key={chosen.upload.id}
          file={chosen.file}
          upload={chosen.upload}
          listId={Number(query.get('list')) || null}
          onOtherFile={() => setChosen(null)}
        />
      ) : (
        <FileStep onUploaded={(file, upload) => setChosen({ file, upload })} />
      )}
    </>
  );
}
