//! The one expression language: Jinja expressions with filters for text, dates, money, selectors.
