// Durations in nanoseconds. A simulated time is the nanoseconds since the world began: whole
// numbers, exact up to 104 days.
export const us = (count: number): number => Math.round(count * 1e3)
export const ms = (count: number): number => Math.round(count * 1e6)
export const seconds = (count: number): number => Math.round(count * 1e9)
export const minutes = (count: number): number => seconds(count * 60)
export const hours = (count: number): number => minutes(count * 60)
export const days = (count: number): number => hours(count * 24)
