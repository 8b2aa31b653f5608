"""Is an adapter in order, before a thousand failures say that it is not?"""
