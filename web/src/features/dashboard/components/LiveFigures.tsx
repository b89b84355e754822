import { LinearProgress } from '@mui/material';
import { useTranslation } from 'react-i18next';
import { Figure, Figures } from '@/components/Figures';
import { useFormat } from '@/lib/i18n/format';
import type { Metrics } from '../api/dashboard';

/** The numbers that matter now. cap: calls per second that all running campaigns may start. */
export function LiveFigures({ metrics, cap }: { metrics: Metrics; cap: number }) {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  return (
    <Figures min="10rem">
      <Figure
        label={t('figure.up')}
        value={format.number(metrics.calls_up)}
        hint={t('figure.ringing', { count: metrics.calls_ringing })}
      />
      <Figure
        label={t('figure.rate')}
        value={format.number(metrics.calls_per_second)}
        hint={
          cap > 0 ? (
            <>
              {t('figure.rateOf', { cap: format.number(cap) })}
              <LinearProgress
                variant="determinate"
                value={Math.min(100, (100 * metrics.calls_per_second) / cap)}
                aria-label={t('figure.rateShare')}
                sx={{ mt: 0.5, height: 5, borderRadius: 3 }}
              />
            </>
          ) : (
            t('figure.noCampaign')
          )
        }
      />
      <Figure
        label={t('figure.answer')}
        value={format.share(metrics.answer_rate)}
        hint={t('figure.answerOf', {
          answered: format.number(metrics.answered),
          calls: format.number(metrics.calls),
        })}
      />
      <Figure
        label={t('figure.conversion')}
        value={format.share(metrics.conversion_rate)}
        hint={t('figure.texts', { count: metrics.texts, number: format.number(metrics.texts) })}
      />
      <Figure
        label={t('figure.optOut')}
        value={format.share(metrics.opt_out_rate)}
        hint={t('figure.optOuts', { count: metrics.opt_outs, number: format.number(metrics.opt_outs) })}
      />
      <Figure
        label={t('figure.queue')}
        value={format.number(metrics.queue)}
        hint={t('figure.campaigns', { count: metrics.campaigns_running })}
      />
    </Figures>
  );
}
