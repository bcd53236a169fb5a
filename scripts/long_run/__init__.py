"""An execution of thousands of operations on the local stack, killed whenever it goes on in a new one."""
