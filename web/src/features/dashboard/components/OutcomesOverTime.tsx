import { useTheme } from '@mui/material';
import { Bar, BarChart, CartesianGrid, ResponsiveContainer, XAxis, YAxis } from 'recharts';
import type { Group, Minute } from '../api/outcomes';
import { GROUPS } from '../api/outcomes';
import { GROUP_COLOURS } from './groups';

interface Props {
  minutes: Minute[];
  time: (at: number) => string;
}

/** A bar for each minute, made of how its calls ended. A table beside it says the same. Loaded lazily,
 * with Recharts. */
export default function OutcomesOverTime({ minutes, time }: Props) {
  const theme = useTheme();
  const mirrored = theme.direction === 'rtl';
  const fill = (group: Group) => theme.palette[GROUP_COLOURS[group]].main;
  const tick = { fill: theme.palette.text.secondary, fontSize: 13 };
  return (
    <div aria-hidden dir="ltr">
      <ResponsiveContainer width="100%" height={260}>
        <BarChart data={minutes} margin={{ top: 8, bottom: 0, left: 0, right: 0 }} accessibilityLayer={false}>
          <CartesianGrid vertical={false} stroke={theme.palette.divider} />
          <XAxis
            dataKey="at"
            reversed={mirrored}
            tickFormatter={time}
            tick={tick}
            tickLine={false}
            axisLine={{ stroke: theme.palette.divider }}
            minTickGap={36}
          />
          <YAxis
            orientation={mirrored ? 'right' : 'left'}
            allowDecimals={false}
            tick={tick}
            tickLine={false}
            axisLine={false}
            width={44}
          />
          {GROUPS.map((group) => (
            <Bar key={group} dataKey={group} stackId="all" fill={fill(group)} isAnimationActive={false} />
          ))}
        </BarChart>
      </ResponsiveContainer>
    </div>
  );
}
