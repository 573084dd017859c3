-- Module: Whether holds were stored twice: where not, questions are asked without repeated_holds.
--
-- Uses: repeated_holds
notEmpty(repeated_holds)
