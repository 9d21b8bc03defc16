import unittest

from shelf.books import Book, UnknownBook, add, finish, unread


class Books(unittest.TestCase):
    def test_numbers_grow(self):
        books = add(add([], "One"), "Two", "Someone")
        self.assertEqual(books, [Book(1, "One"), Book(2, "Two", "Someone")])

    def test_a_title_is_needed(self):
        with self.assertRaises(ValueError):
            add([], "  ")

    def test_finishing_keeps_the_others(self):
        books = finish(add(add([], "One"), "Two"), 1)
        self.assertEqual([b.title for b in unread(books)], ["Two"])

    def test_an_unknown_number(self):
        with self.assertRaises(UnknownBook):
            finish([], 1)
