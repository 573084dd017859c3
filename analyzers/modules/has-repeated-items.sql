-- Module: Whether queue items were stored twice: where not, questions are asked without repeated_items.
--
-- Uses: repeated_items
notEmpty(repeated_items)
