/** Writes to the host's log. Anything but a string is written as JSON, an error with its stack. */
declare var console: Record<"debug" | "error" | "info" | "log" | "warn", (...values: unknown[]) => void>;
