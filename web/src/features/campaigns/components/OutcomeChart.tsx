import { useTheme } from '@mui/material';
import { Bar, BarChart, ResponsiveContainer, XAxis, YAxis } from 'recharts';
import type { OutcomeCount } from '../api/outcomes';

interface Props {
  outcomes: OutcomeCount[];
  names: Record<string, string>;
}

const ROW_PX = 36;
const NAME_PX = 140;

/** Bars by outcome, the most frequent first. Beside it stands a table that says the same, so readers
 * of screens are not bothered with it. Loaded lazily: it brings Recharts along. */
export default function OutcomeChart({ outcomes, names }: Props) {
  const theme = useTheme();
  const mirrored = theme.direction === 'rtl';
  const rows = outcomes.map(({ outcome, count }) => ({
    name: names[outcome] ?? outcome,
    count,
    fill: theme.palette[toneOf(outcome)].main,
  }));
  return (
    <div aria-hidden dir="ltr">
      <ResponsiveContainer width="100%" height={rows.length * ROW_PX + 12}>
        <BarChart
          data={rows}
          layout="vertical"
          margin={{ top: 4, bottom: 4, left: 0, right: 0 }}
          accessibilityLayer={false}
        >
          <XAxis type="number" hide reversed={mirrored} domain={[0, 'dataMax']} />
          <YAxis
            type="category"
            dataKey="name"
            width={NAME_PX}
            orientation={mirrored ? 'right' : 'left'}
            axisLine={false}
            tickLine={false}
            interval={0}
            tick={{ fill: theme.palette.text.primary, fontSize: 14 }}
          />
          <Bar dataKey="count" radius={5} barSize={18} isAnimationActive={false} />
        </BarChart>
      </ResponsiveContainer>
    </div>
  );
}

function toneOf(outcome: string): 'success' | 'error' | 'primary' | 'warning' {
  if (outcome === 'answered') return 'success';
  if (outcome === 'failed' || outcome === 'invalid_number' || outcome === 'congestion') return 'error';
  if (outcome === 'rejected' || outcome === 'interrupted') return 'warning';
  return 'primary';
}
