"""What is kept about a person: `export` gives it to them, `erase` forgets it and leaves the books as they are.

Never decides who may ask; whoever calls has made sure that the person is the one.
"""
