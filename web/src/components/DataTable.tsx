import { Box, Button, Table, TableBody, TableCell, TableHead, TableRow, TableSortLabel } from '@mui/material';
import { visuallyHidden } from '@mui/utils';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import type { ReactNode } from 'react';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'react-router-dom';
import { useAppSelector } from '@/lib/state/store';
import { RowLink } from './RowLink';

export interface Column<T> {
  key: string;
  header: string;
  cell: (row: T) => ReactNode;
  /** Left out on screens narrower than this. The first column is always there. */
  from?: 'sm' | 'md' | 'lg' | 'xl';
  /** Numbers stand at the end of their column. */
  numeric?: boolean;
  width?: string;
  /** The word of `sort` that this column's button stands for: sort=name and sort=-name. */
  sort?: string;
}

interface Props<T> {
  /** What the rows are, for screen readers: "Users". */
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string | number;
  /** Where a row leads; the first column becomes a link. */
  rowHref?: (row: T) => string;
  /** Buttons at a row's end. */
  rowActions?: (row: T) => ReactNode;
  sort?: string;
  onSort?: (sort: string) => void;
  hasMore?: boolean;
  loadingMore?: boolean;
  onMore?: () => void;
}

const ROW_PX = { comfortable: 56, compact: 40 };
const BEFORE_END = 20;

function display(from: Column<unknown>['from']) {
  return from ? { display: { xs: 'none', [from]: 'table-cell' } } : undefined;
}

/** Rows of any number: only those in sight are in the page. Scrolls with the page; asks for more rows
 * (onMore) before the end is reached. Use with usePages. */
export function DataTable<T>(props: Props<T>) {
  const { label, rows, rowKey, hasMore = false, loadingMore = false, onMore } = props;
  const { t } = useTranslation();
  const density = useAppSelector((state) => state.interface.density);
  const body = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    setMargin((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
  }, []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_PX[density],
    overscan: 12,
    scrollMargin: margin,
    getItemKey: (i) => (rows[i] === undefined ? i : rowKey(rows[i])),
  });
  useEffect(() => virtual.measure(), [density, virtual]);
  const seen = virtual.getVirtualItems();
  const last = seen.at(-1)?.index ?? -1;
  useEffect(() => {
    if (hasMore && !loadingMore && last >= rows.length - BEFORE_END) onMore?.();
  }, [hasMore, loadingMore, last, rows.length, onMore]);
  const above = Math.max(0, (seen[0]?.start ?? margin) - margin);
  const below = Math.max(0, virtual.getTotalSize() - ((seen.at(-1)?.end ?? margin) - margin));

  return (
    <Box ref={body}>
      <Table
        size={density === 'compact' ? 'small' : 'medium'}
        aria-label={label}
        aria-rowcount={hasMore ? -1 : rows.length + 1}
        sx={{ tableLayout: 'fixed', bgcolor: 'background.paper' }}
      >
        <HeadRow {...props} />
        <TableBody>
          {above > 0 ? <Gap height={above} /> : null}
          {seen.map((item) => {
            const row = rows[item.index];
            return row === undefined ? null : (
              <Row
                key={item.key}
                {...props}
                row={row}
                index={item.index}
                height={ROW_PX[density]}
                measure={virtual.measureElement}
              />
            );
          })}
          {below > 0 ? <Gap height={below} /> : null}
        </TableBody>
      </Table>
      <Box
        role="status"
        sx={{ py: 1.5, textAlign: 'center', color: 'text.secondary', fontSize: 'body2.fontSize' }}
      >
        {loadingMore ? t('table.loadingMore') : null}
        {hasMore && !loadingMore && onMore ? <Button onClick={onMore}>{t('action.continue')}</Button> : null}
        {!hasMore && !loadingMore ? t('table.rows', { count: rows.length }) : null}
      </Box>
    </Box>
  );
}

function HeadRow<T>({ columns, rowActions, sort, onSort }: Props<T>) {
  const { t } = useTranslation();
  return (
    <TableHead>
      <TableRow aria-rowindex={1}>
        {columns.map((column) => {
          const word = column.sort;
          const active = word !== undefined && (sort === word || sort === `-${word}`);
          const direction = sort === `-${word}` ? 'desc' : 'asc';
          return (
            <TableCell
              key={column.key}
              align={column.numeric ? 'right' : 'left'}
              sortDirection={active ? direction : false}
              sx={{ width: column.width, ...display(column.from) }}
            >
              {word !== undefined && onSort ? (
                <TableSortLabel
                  active={active}
                  direction={active ? direction : 'asc'}
                  onClick={() => onSort(active && direction === 'asc' ? `-${word}` : word)}
                >
                  {column.header}
                </TableSortLabel>
              ) : (
                column.header
              )}
            </TableCell>
          );
        })}
        {rowActions ? (
          <TableCell align="right" sx={{ width: 64 }}>
            <span style={visuallyHidden}>{t('table.actions')}</span>
          </TableCell>
        ) : null}
      </TableRow>
    </TableHead>
  );
}

interface RowProps<T> extends Props<T> {
  row: T;
  index: number;
  height: number;
  measure: (element: HTMLElement | null) => void;
}

function Row<T>({ columns, row, index, height, measure, rowHref, rowActions }: RowProps<T>) {
  return (
    <TableRow
      hover
      ref={measure}
      data-index={index}
      aria-rowindex={index + 2}
      sx={{ height, position: 'relative' }}
    >
      {columns.map((column, i) => (
        <TableCell
          key={column.key}
          align={column.numeric ? 'right' : 'left'}
          sx={{ overflow: 'hidden', textOverflow: 'ellipsis', ...display(column.from) }}
        >
          {i === 0 && rowHref ? (
            <RowLink component={RouterLink} to={rowHref(row)}>
              {column.cell(row)}
            </RowLink>
          ) : (
            column.cell(row)
          )}
        </TableCell>
      ))}
      {rowActions ? (
        <TableCell align="right" sx={{ py: 0, px: 1 }}>
          <Box sx={{ position: 'relative', zIndex: 1 }}>{rowActions(row)}</Box>
        </TableCell>
      ) : null}
    </TableRow>
  );
}

/** One cell only: spanning columns that a narrow screen leaves out would make room for them again. */
function Gap({ height }: { height: number }) {
  return (
    <tr aria-hidden="true">
      <td style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}
