/** Whether a dialog is open: the keys are its own then, even when none of its parts has the focus (a disabled button loses it). */
export const isDialogOpen = () => document.querySelector('dialog[open]') !== null
