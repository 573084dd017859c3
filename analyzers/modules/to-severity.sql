-- Module: Maps a burden from 0 upwards to 0 to 100 so that ever more of it makes ever less of a difference: 0.1 gives 10,
-- 1 gives 63, 3 gives 95. docs/analyzers/severity.md says what burdens are.
burden -> toUInt8(round(100 * (1 - exp(-greatest(toFloat64(burden), 0)))))
