-- Module: Whether waits were stored twice: where not, questions are asked without repeated_waits.
--
-- Uses: repeated_waits
notEmpty(repeated_waits)
