import threading

fork, knife = threading.Lock(), threading.Lock()
both_have_one = threading.Barrier(2)
has_eaten = {"Ada": None, "Bob": None}


def dine(name, first, second):
    with first:
        both_have_one.wait()  # the unlucky moment, made certain
        has_eaten[name] = second.acquire(timeout=0.5)  # without it: for ever
        both_have_one.wait()


threads = [
    threading.Thread(target=dine, args=("Ada", fork, knife)),
    threading.Thread(target=dine, args=("Bob", knife, fork)),
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(has_eaten)
