import { useId, useState } from 'react';

/** The bond between a button and the menu that it opens. */
export function useMenu() {
  const id = useId();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const open = anchor !== null;
  const close = () => setAnchor(null);
  return {
    close,
    button: {
      id: `${id}-button`,
      'aria-haspopup': 'menu' as const,
      'aria-expanded': open,
      'aria-controls': open ? `${id}-menu` : undefined,
      onClick: (event: React.MouseEvent<HTMLElement>) => setAnchor(event.currentTarget),
    },
    menu: {
      id: `${id}-menu`,
      anchorEl: anchor,
      open,
      onClose: close,
      slotProps: { list: { 'aria-labelledby': `${id}-button` } },
    },
  };
}
